"""The ASGI application of a server that keeps streams and does nothing else; a proxy sends it what is theirs."""

from chiron.operations.bridge import Bridge
from config.wsgi import application as wsgi

STREAM = "/api/notifications/stream"

application = Bridge(wsgi, threads=2, only=(STREAM, "/health", "/health/live", "/health/ready", "/metrics"))
