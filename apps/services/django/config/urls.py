from django.urls import path

from notes import views

handler404 = "notes.views.not_found"
handler500 = "notes.views.server_error"

urlpatterns = [path("", views.page), path("notes", views.notes), path("notes/<int:number>", views.note)]
