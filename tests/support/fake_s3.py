"""An S3 service for tests that can be told to behave badly.

It checks signatures by its own computation from Amazon's specification of Signature Version 4, and knows objects,
lists, conditional writes, object lock and retention. POST /_control with JSON tells it what to do next:
  {"faults": [{"kind": "…", "method": "PUT", "times": 1, …}], "state": {"clock_offset": 3600, …}}
and answers with what it has seen. Usage: fake_s3.py PORT_FILE [CERTIFICATE KEY]
"""

import base64
import calendar
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

LOCK = threading.RLock()
STATE = {
    "keys": {"AKIATEST": {"secret": "secret/of+the=test", "token": ""}},
    "expired": [],  # access keys
    "clock_offset": 0,
    "page": 1000,
    "lock": True,  # buckets have object lock
    "ignore_lock": False,  # … or say so only
    "if_none_match": "honour",  # "ignore", "refuse"
    "ranges": True,
    "region": "us-east-1",
    "denied": [],  # methods
    "etags": "md5",  # "other", "wrong"
    "keeps_meta": True,
}
BUCKETS = {"bucket": {}}
FAULTS = []
LOG = []
SERVER = []
SENDING = [0, 0]  # now, at most


class Refused(Exception):
    def __init__(self, status, code, message="", headers=()):
        super().__init__(code)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers)


class Gone(Exception):
    """The connection is to be cut."""


def now():
    return time.time() + STATE["clock_offset"]


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(now(), usegmt=True)

    # requests

    def handle_any(self):
        self.close_connection = False
        try:
            if self.path == "/_control":
                return self.control()
            fault = self.next_fault()
            with LOCK:
                LOG.append(self.command + " " + self.path)
                entry = len(LOG) - 1
            self.fault(fault, before=True)
            self.body = self.receive(fault)
            try:
                self.check_signature()
                if self.command in STATE["denied"]:
                    raise Refused(403, "AccessDenied", "Access Denied")
                status, headers, body = self.serve(fault)
            except Refused as refused:
                status, headers = refused.status, {"Content-Type": "application/xml", **refused.headers}
                body = (
                    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>'
                    % (refused.code, escape(refused.message))
                ).encode()
            with LOCK:
                LOG[entry] += " %d" % status
            self.answer(status, headers, body, fault)
        except (Gone, ConnectionError, socket.timeout, ssl.SSLError):
            self.cut()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = handle_any

    def cut(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def next_fault(self):
        with LOCK:
            for fault in FAULTS:
                if fault.get("times", 1) > 0 and fault.get("method", self.command) == self.command:
                    if fault.get("path", "") in self.path:
                        fault["times"] = fault.get("times", 1) - 1
                        return fault
        return {"kind": "none"}

    def receive(self, fault):
        left = int(self.headers.get("Content-Length", 0))
        if fault["kind"] == "die_in_body":
            self.rfile.read(left // 2)
            raise Gone()
        piece = fault["bytes_per_second"] // 20 if fault["kind"] == "slow" else 1 << 20
        with LOCK:
            SENDING[0] += left > 0
            SENDING[1] = max(SENDING)
        body = b""
        while left > 0:
            got = self.rfile.read(min(left, piece))
            if not got:
                raise Gone()
            body += got
            left -= len(got)
            if fault["kind"] == "slow":
                time.sleep(0.05)
        with LOCK:
            SENDING[0] -= len(body) > 0
        return body

    def answer(self, status, headers, body, fault):
        if fault["kind"] == "die_before_answer":
            raise Gone()
        headers = dict(headers)
        if fault["kind"] == "wrong_answer" and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        if fault["kind"] == "wrong_range":
            headers["Content-Range"] = "bytes 7-9/10"
        if self.command == "HEAD":
            headers.setdefault("Content-Length", "0" if status >= 300 else str(len(body)))
            body = b""
        else:
            headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if fault["kind"] == "die_in_answer":
            self.wfile.write(body[: len(body) // 2])
            raise Gone()
        if fault["kind"] == "slow" and self.command == "GET":
            for at in range(0, len(body), fault["bytes_per_second"] // 20):
                self.wfile.write(body[at : at + fault["bytes_per_second"] // 20])
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def fault(self, fault, before):
        kind = fault["kind"]
        if kind == "die":
            raise Gone()
        if kind == "hang":
            self.connection.settimeout(60)
            while self.connection.recv(1 << 16):  # until the other end has had enough
                pass
            raise Gone()
        if kind == "endless_headers":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                self.wfile.write(b"X-Long: " + b"x" * 4096 + b"\r\n")
        if kind == "endless_body":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                self.wfile.write(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")

    # signatures

    def check_signature(self):
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?"
            r"Signature=([0-9a-f]{64})",
            self.headers.get("Authorization", ""),
        )
        if not found:
            raise Refused(403, "AccessDenied", "there is no signature")
        access, day, region, names, signature = found.groups()
        if region != STATE["region"]:
            raise Refused(
                400, "AuthorizationHeaderMalformed", "wrong region", {"x-amz-bucket-region": STATE["region"]}
            )
        stamp = self.headers.get("x-amz-date", "")
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != day:
            raise Refused(403, "AccessDenied", "there is no date")
        if access in STATE["expired"]:
            raise Refused(400, "ExpiredToken", "The provided token has expired.")
        if access not in STATE["keys"]:
            raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist.")
        known = STATE["keys"][access]
        if self.headers.get("x-amz-security-token", "") != known["token"]:
            raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        if abs(calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - now()) > 900:
            raise Refused(403, "RequestTimeTooSkewed", "The difference is too large.")
        digest = self.headers.get("x-amz-content-sha256", "")
        signed = names.split(";")
        # Without a signed body its signed MD5 must stand for it.
        if digest == "UNSIGNED-PAYLOAD" and self.body and "content-md5" not in signed:
            raise Refused(403, "AccessDenied", "nothing says what the body is")
        if digest != "UNSIGNED-PAYLOAD" and digest != hashlib.sha256(self.body).hexdigest():
            raise Refused(400, "XAmzContentSHA256Mismatch", "the body is another one")
        if signed != sorted(signed) or "host" not in signed:
            raise Refused(403, "AccessDenied", "the list of signed headers")
        for name in self.headers:
            if name.lower().startswith("x-amz-") and name.lower() not in signed:
                raise Refused(403, "AccessDenied", name + " is not signed")
        path, _, query = self.path.partition("?")
        pairs = [part.partition("=")[::2] for part in query.split("&")] if query else []
        decoded = [(urllib.parse.unquote(name), urllib.parse.unquote(value)) for name, value in pairs]
        canonical = "\n".join(
            [
                self.command,
                "/".join(quote(urllib.parse.unquote(part)) for part in path.split("/")),
                "&".join("%s=%s" % pair for pair in sorted((quote(name), quote(value)) for name, value in decoded)),
                "".join("%s:%s\n" % (n, " ".join(self.headers[n].encode("latin-1").decode().split())) for n in signed),
                names,
                digest,
            ]
        )
        scope = "%s/%s/s3/aws4_request" % (day, region)
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + known["secret"]).encode()
        for part in (day, region, "s3", "aws4_request"):
            key = sign(key, part)
        if not hmac.compare_digest(sign(key, text).hex(), signature):
            raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        self.query = dict(decoded)

    # operations

    def serve(self, fault):
        kind = fault["kind"]
        if kind == "status":
            raise Refused(fault["status"], fault.get("code", "Fault"), "as the test wants", fault.get("headers", {}))
        if kind == "raw":
            return fault["status"], {}, (fault["text"] * fault.get("repeat", 1)).encode()
        if kind == "endless_list":
            return self.serve_endless_list(fault)
        path = urllib.parse.unquote(self.path.partition("?")[0])[1:]
        host = self.headers["Host"].rpartition(":")[0]
        if host.endswith(".s3.test"):
            bucket, key = host[: -len(".s3.test")], path
        else:
            bucket, _, key = path.partition("/")
        with LOCK:
            if bucket not in BUCKETS:
                raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
            if not key:
                return self.serve_bucket(BUCKETS[bucket])
            return self.serve_object(BUCKETS[bucket], key, kind)

    def serve_bucket(self, objects):
        if "object-lock" in self.query:
            if not STATE["lock"]:
                raise Refused(404, "ObjectLockConfigurationNotFoundError", "it does not exist for this bucket")
            return 200, {}, b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
        if self.command != "GET" or self.query.get("list-type") != "2":
            raise Refused(501, "NotImplemented", "not here")
        after = base64.b64decode(self.query.get("continuation-token", "")).decode()
        names = sorted((n for n in objects if n.startswith(self.query.get("prefix", ""))), key=str.encode)
        rest = [name for name in names if name > after]
        page = rest[: min(int(self.query.get("max-keys", 1000)), STATE["page"])]
        encode = urllib.parse.quote_plus if self.query.get("encoding-type") == "url" else escape
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        for name in page:
            text += "<Contents><Key>%s</Key><Size>%d</Size><ETag>&quot;x&quot;</ETag></Contents>" % (
                encode(name),
                len(objects[name]["body"]),
            )
        if len(page) < len(rest):
            token = base64.b64encode(page[-1].encode()).decode()
            text += "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>" % token
        else:
            text += "<IsTruncated>false</IsTruncated>"
        if "encoding-type" in self.query:
            text += "<EncodingType>url</EncodingType>"
        return 200, {"Content-Type": "application/xml"}, (text + "</ListBucketResult>").encode()

    def serve_endless_list(self, fault):
        """`names` in each page, each of `length` bytes; `tokens`: so many, in turn."""
        at = int(self.query.get("continuation-token", "0"))
        prefix = self.query["prefix"]
        text = "<ListBucketResult>"
        for i in range(fault["names"]):
            name = prefix + ("%d-%d" % (at, i)).rjust(fault.get("length", 32) - len(prefix), "n")
            text += "<Contents><Key>%s</Key><Size>1</Size></Contents>" % name
        text += "<IsTruncated>true</IsTruncated><NextContinuationToken>%d</NextContinuationToken>" % (
            (at + 1) % fault.get("tokens", 1 << 30)
        )
        return 200, {}, (text + "</ListBucketResult>").encode()

    def serve_object(self, objects, key, kind):
        if self.command == "PUT":
            return self.put_retention(objects, key) if "retention" in self.query else self.put(objects, key, kind)
        if key not in objects:
            if self.command == "DELETE":
                return 204, {}, b""
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        stored = objects[key]
        if self.command == "DELETE":
            if stored.get("until") and calendar.timegm(time.strptime(stored["until"], "%Y-%m-%dT%H:%M:%SZ")) > now():
                raise Refused(403, "AccessDenied", "Access Denied because object protected by object lock.")
            del objects[key]
            return 204, {}, b""
        body = stored["body"]
        headers = {"ETag": '"%s"' % stored["etag"], **stored["meta"]}
        if stored.get("until"):
            headers["x-amz-object-lock-mode"] = "COMPLIANCE"
            headers["x-amz-object-lock-retain-until-date"] = stored["until"][:-1] + ".000Z"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if wanted and STATE["ranges"] and self.command == "GET":
            first, last = int(wanted[1]), min(int(wanted[2]), len(body) - 1)
            if first >= len(body):
                raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
            headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, len(body))
            return 206, headers, body[first : last + 1]
        return 200, headers, body

    def check_md5(self):
        md5 = self.headers.get("Content-MD5")
        if md5 and base64.b64decode(md5) != hashlib.md5(self.body).digest():
            raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        return md5

    def put(self, objects, key, kind):
        md5 = self.check_md5()
        if "If-None-Match" in self.headers and STATE["if_none_match"] == "refuse":
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        if "If-None-Match" in self.headers and STATE["if_none_match"] == "honour" and key in objects:
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        if kind == "lie":
            return 200, {}, b""
        body = self.body
        if kind == "keep_wrong":
            body = bytes([body[0] ^ 1]) + body[1:]
        if kind == "keep_half":
            body = body[: len(body) // 2]
        stored = {"body": body, "etag": hashlib.md5(body).hexdigest(), "meta": {}}
        if STATE["etags"] != "md5":
            stored["etag"] = stored["etag"][::-1]
        if STATE["etags"] == "other":
            stored["meta"]["x-amz-server-side-encryption"] = "aws:kms"
        if kind == "overtaken":  # another writer came in just behind
            stored["body"] = b"of another writer"
            stored["etag"] = hashlib.md5(stored["body"]).hexdigest()
            stored["meta"]["x-amz-meta-bt2c-md5"] = hashlib.md5(stored["body"]).hexdigest()
            objects[key] = stored
            return 200, {}, b""
        for name, value in self.headers.items():
            if STATE["keeps_meta"] and name.lower().startswith(("x-amz-meta-", "x-amz-storage-class")):
                stored["meta"][name] = value
        if "x-amz-object-lock-mode" in self.headers and not STATE["ignore_lock"]:
            if not md5 or not STATE["lock"]:
                raise Refused(400, "InvalidRequest", "object lock needs a bucket that has it, and Content-MD5")
            stored["until"] = self.headers["x-amz-object-lock-retain-until-date"]
        objects[key] = stored
        return 200, {"ETag": '"%s"' % stored["etag"]}, b""

    def put_retention(self, objects, key):
        found = re.fullmatch(
            r'<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>COMPLIANCE</Mode>'
            r"<RetainUntilDate>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</RetainUntilDate></Retention>",
            self.body.decode(),
        )
        if not found or not self.check_md5() or not STATE["lock"]:
            raise Refused(400, "MalformedXML", "The XML you provided was not well-formed")
        if key not in objects:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        if objects[key].get("until", "") > found[1]:
            raise Refused(403, "AccessDenied", "Access Denied")
        if not STATE["ignore_lock"]:
            objects[key]["until"] = found[1]
        return 200, {}, b""

    # control

    def control(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            if "faults" in order:
                FAULTS[:] = order["faults"]
            STATE.update(order.get("state", {}))
            if "receive_buffer" in order:  # of connections from now on
                SERVER[0].socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, order["receive_buffer"])
            if order.get("empty"):  # hides all, whatever is locked, as delete markers do
                BUCKETS["bucket"].clear()
            for key, text in order.get("objects", {}).items():
                body = text.encode()
                BUCKETS["bucket"][key] = {"body": body, "etag": hashlib.md5(body).hexdigest(), "meta": {}}
            seen = {
                "log": list(LOG),
                "sending_at_most": SENDING[1],
                "objects": {
                    key: {"size": len(o["body"]), "until": o.get("until", ""), "meta": o["meta"]}
                    for key, o in BUCKETS["bucket"].items()
                },
            }
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    server = Server(("127.0.0.1", 0), Handler)
    SERVER.append(server)
    if len(sys.argv) > 2:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    server.serve_forever()


if __name__ == "__main__":
    main()
