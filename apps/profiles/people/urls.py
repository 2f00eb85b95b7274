from django.urls import path

from people import api, views

app_name = "people"

urlpatterns = [
    path("", views.people, name="list"),
    path("people/new/", views.create, name="create"),
    path("people/<slug:slug>/", views.detail, name="detail"),
    path("people/<slug:slug>/edit/", views.update, name="update"),
    path("api/session/", api.session),
    path("api/people/", api.people),
    path("api/people/<slug:slug>/", api.person),
]
