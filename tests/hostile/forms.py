"""Forms that nobody should send and somebody will: each with what it calls itself."""

from base64 import b64encode

MULTIPART = "multipart/form-data; boundary=b"
FILE = b"Content-Disposition: form-data; name=file; filename=a"


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    """A form of these parts, headers included."""
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


FORMS: dict[str, tuple[str, bytes]] = {
    "nothing": (MULTIPART, b""),
    "half a boundary": (MULTIPART, b"--b"),
    "no parts": (MULTIPART, form()),
    "a part without headers": (MULTIPART, form(b"\r\n")),
    "a part without a name": (MULTIPART, form(b"Content-Disposition: form-data\r\n\r\nx")),
    "a field in place of the file": (
        MULTIPART, form(b"Content-Disposition: form-data; name=file\r\n\r\n" + b"x" * 1000)
    ),
    "a file without a name": (MULTIPART, form(b"Content-Disposition: form-data; name=file; filename=\r\n\r\nx")),
    "base64 that is none": (MULTIPART, form(FILE + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!")),
    "base64 of a page": (
        MULTIPART, form(FILE + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"<script>x</script>"))
    ),
    "two thousand fields": (MULTIPART, form(*[b"Content-Disposition: form-data; name=a\r\n\r\nx"] * 2000)),
    "two thousand files": (MULTIPART, form(*[FILE + b"\r\n\r\nx"] * 2000)),
    "a file and a field": (MULTIPART, form(FILE + b"\r\n\r\nx", b"Content-Disposition: form-data; name=a\r\n\r\nx")),
    "names of no alphabet": (MULTIPART, form(b"Content-Disposition: form-data; name=\xff; filename=\xfe\r\n\r\nx")),
    "ten thousand headers": (MULTIPART, form(FILE + b"\r\n" + b"A: b\r\n" * 10_000 + b"\r\nx")),
    "a header of a megabyte": (MULTIPART, form(FILE + b"\r\nA: " + b"b" * 2**20 + b"\r\n\r\nx")),
    "a name of a megabyte": (MULTIPART, form(FILE + b"b" * 2**20 + b"\r\n\r\nx")),
    "two dispositions": (MULTIPART, form(b"Content-Disposition: attachment\r\n" + FILE + b"\r\n\r\n\xff")),
    "a form within the form": (
        MULTIPART,
        form(b"Content-Disposition: form-data; name=file\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
             b"--c\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nMZ\r\n--c--"),
    ),
    "no end": (MULTIPART, form(FILE + b"\r\n\r\nMZ\x90\x00", end=b"")),
    "more behind the end": (MULTIPART, form(end=b"--b--\r\n") + form(FILE + b"\r\n\r\nMZ\x90\x00")),
    "every byte": (MULTIPART, bytes(range(256)) * 100),
    "no boundary": ("multipart/form-data", form(FILE + b"\r\n\r\nx")),
    "a boundary of no alphabet": ("multipart/form-data; boundary=\xff", form(FILE + b"\r\n\r\nx")),
    "two boundaries": ("multipart/form-data; boundary=c; boundary=d", form(FILE + b"\r\n\r\nMZ\x90\x00")),
    "a boundary without end": (f"multipart/form-data; boundary={'b' * 10_000}", form(FILE + b"\r\n\r\nx")),
    "a boundary of patterns": ("multipart/form-data; boundary=(a+)+$", b"--(a+)+$\r\n" + b"a" * 5000),
    "another alphabet": (f"{MULTIPART}; charset=utf-7", form(FILE + b"\r\n\r\n\xff\xfe")),
    "an alphabet that decodes nothing": (f"{MULTIPART}; charset=undefined", form(FILE + b"\r\n\r\n\xff\xfe")),
}  # fmt: skip
NAMES = {
    "above": "../../../../etc/cron.d/evil",
    "above, elsewhere": "..\\..\\Windows\\evil.exe",
    "absolute": "/etc/passwd",
    "on a drive": "C:\\autoexec.bat",
    "on a share": "\\\\evil.example\\share\\a",
    "nul": "scan\x00.exe",
    "right to left": "scan\u202egnp.exe",
    "a header": "a\r\nSet-Cookie: a=b",
    "quotes": 'a"; filename="evil.exe',
    "very long": "a" * 5000 + ".exe",
    "dots": "....",
    "a device": "CON",
    "stream": "a.txt:evil.exe",
    "markup": "<img src=x onerror=alert(1)>.png",
}
"""Names of files that mean to end up elsewhere, or to be taken for something else."""
