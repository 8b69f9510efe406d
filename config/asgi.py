"""The ASGI application: the WSGI one behind the bridge, at one port with the streams that stay open."""

from chiron.operations.bridge import Bridge
from config.wsgi import application as wsgi

application = Bridge(wsgi, threads=2)
