"""A WSGI application: `gunicorn -b 127.0.0.1:PORT app:app`."""
import os
import time


def app(environment, start_response):
    if environment["PATH_INFO"] == "/slow":
        time.sleep(0.3)
    environment["wsgi.input"].read()
    body = b"%d\n" % os.getppid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
