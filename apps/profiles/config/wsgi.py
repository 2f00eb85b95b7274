from django.core.wsgi import get_wsgi_application

from config.reporting import start_reporting

application = get_wsgi_application()
start_reporting()
