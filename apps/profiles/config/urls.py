from django.conf import settings
from django.contrib import admin
from django.urls import include, path

handler500 = "config.failures.server_error"

urlpatterns = [
    path("", include("people.urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
if settings.TRIAL_VIEWS:
    urlpatterns.append(path("trial/", include("config.trial")))
