"""Files that nobody should send and somebody will: small ones, made here, each named for its trick."""

import gzip
import zlib
from collections.abc import Iterator
from itertools import chain, product
from struct import pack

from chiron.files.tests.factories import PDF, PNG, archive, office, open_document

PROGRAMS = {
    "windows program": b"MZ\x90\x00\x03\x00\x00\x00",
    "linux program": b"\x7fELF\x02\x01\x01\x00",
    "mac program": b"\xcf\xfa\xed\xfe\x07\x00\x00\x01",
    "old mac program": b"\xfe\xed\xfa\xce\x00\x00\x00\x12",
    "fat mac program": b"\xca\xfe\xba\xbe\x00\x00\x00\x02",
    "android program": b"dex\n035\x00",
    "web assembly": b"\x00asm\x01\x00\x00\x00",
    "flash": b"CWS\x0a\x00\x00\x00\x00",
    "shortcut": b"L\x00\x00\x00\x01\x14\x02\x00",
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "compiled help": b"ITSF\x03\x00\x00\x00",
    "cabinet": b"MSCF\x00\x00\x00\x00",
    "rar": b"Rar!\x1a\x07\x01\x00",
    "7z": b"7z\xbc\xaf\x27\x1c\x00\x04",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "gzip bomb": gzip.compress(bytes(64 * 2**20), 9),
    "bzip2": b"BZh91AY&SY\x00\x00",
    "xz": b"\xfd7zXZ\x00\x00\x04",
    "tar": b"notes.txt" + bytes(248) + b"ustar\x0000",
    "database": b"SQLite format 3\x00",
    "python bytecode": b"\xa7\x0d\x0d\x0a\x00\x00\x00\x00",
    "python pickle": b"\x80\x04\x95\x10\x00\x00\x00",
    "windows registry": b"regf\x00\x00\x00\x00",
    "disk image": bytes(1024),
    "random": bytes(range(256)) * 4,
    "latin 1": "Größe".encode("latin-1"),
    "utf-16": "text".encode("utf-16"),
    "nul in text": b"a\x00b",
    "escape codes": b"\x01\x02\x03",
    "postscript printer job": b"\x1b\x1c%!PS",
    "half a character at the end": b"caf\xc3",
}
PAGES = {
    "html": b"<html><body onload=alert(1)>",
    "capitals": b"<HTML><SCRIPT>alert(1)</SCRIPT>",
    "doctype": b"<!DOCTYPE html><title>x</title>",
    "script": b"<script>alert(1)</script>",
    "spaced script": b"< script >alert(1)</ script>",
    "comment": b"<!-- --><script>alert(1)</script>",
    "frame": b"<iframe src=//evil.example></iframe>",
    "object": b"<object data=x></object>",
    "link": b"<a href=javascript:alert(1)>x</a>",
    "image": b"<img src=x onerror=alert(1)>",
    "closing": b"</p><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "svg with declaration": b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "entity from a file": b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "billion laughs": b"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]><l>&b;</l>",
    "xslt": b"<xsl:stylesheet version='1.0'/>",
    "php": b"<?php system($_GET[0]);",
    "server page": b"<% eval request %>",
    "hta": b"<HTA:APPLICATION/>",
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "virus test file": b"X5O!P%@AP" + rb"[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
}
BEFORE = {"": b"", "after a mark": b"\xef\xbb\xbf", "after lines": b"\r\n\n \t", "after both": b"\xef\xbb\xbf\n\n"}
CARRIERS = {
    "pdf": PDF,
    "png": PNG,
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "gif in tiff": b"II*\x00GIF89a",
    "tiff": b"MM\x00*\x00\x00\x00\x08",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "ogg": b"OggS\x00\x02",
    "mp4": b"\x00\x00\x00\x18ftypmp42",
    "webm": b"\x1aE\xdf\xa3\x42\x82\x84webm",
    "rtf": rb"{\rtf1\ansi ",
    "dicom": bytes(128) + b"DICM",
    "text": b"Seen today.\n",
}
INSIDE = ("html", "capitals", "script", "spaced script", "svg", "php", "frame", "doctype")
ARCHIVES = {
    "zip": archive(("notes.txt", b"x")),
    "java": archive(("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), ("A.class", b"\xca\xfe\xba\xbe")),
    "android package": archive(("AndroidManifest.xml", b"\x03\x00"), ("classes.dex", b"dex\n")),
    "book": archive(("mimetype", b"application/epub+zip"), stored=True),
    "zip of a zip": archive(("a.zip", archive(("b.zip", archive(("c", bytes(2**20))))))),
}


def refused() -> Iterator[tuple[str, bytes]]:
    """What must not be kept."""
    yield from PROGRAMS.items()
    for (name, page), (where, before) in product(PAGES.items(), BEFORE.items()):
        if before == b"" or page.startswith(b"<") and name != "server page":
            yield f"{name} {where}".strip(), before + page
    for (name, carrier), inside in product(CARRIERS.items(), INSIDE):
        yield f"{inside} within {name}", carrier + b"  " + PAGES[inside]
    yield from ((f"pdf within {name}", each + PDF) for name, each in CARRIERS.items() if name not in ("pdf", "dicom"))
    for (name, carrier), (kind, packed) in product(CARRIERS.items(), list(ARCHIVES.items())[:2]):
        yield f"{kind} behind {name}", carrier + packed
        yield f"{kind} behind {name}, and more", carrier + packed + b"\n"
    yield from ARCHIVES.items()
    hidden = chain(PROGRAMS.items(), PAGES.items(), [("pdf", PDF), ("zip", ARCHIVES["zip"])])
    for name, beginning in hidden:
        if not beginning.startswith(bytes(4)):
            yield f"{name} as preamble of an image", beginning[:128].ljust(128, b"\x00") + b"DICM"
    yield from bad_documents()


def bad_documents() -> Iterator[tuple[str, bytes]]:
    """Office documents that are not what they should be."""
    yield "bomb", office("word/document.xml", ("word/media/a.bmp", bytes(64 * 2**20)))
    yield "bomb of many members", office("xl/workbook.xml", *((f"xl/{number}", b"") for number in range(10_001)))
    for name in ("../../evil", "/etc/passwd", "..\\evil", "C:\\evil", "word/../../evil"):
        yield f"climbing to {name}", office("word/document.xml", (name, b"x"))
    yield "macros", office("word/document.xml", ("word/vbaProject.bin", b"x"))
    yield "macros in capitals", office("xl/workbook.xml", ("xl/VBAPROJECT.BIN", b"x"))
    yield "of nothing", archive(("[Content_Types].xml", b"<Types/>"))
    yield "cut off", office("word/document.xml")[:-30]
    yield "open document with macros", open_document("text").replace(b"a.xml", b"../ml")
    yield "open document of another kind", open_document("chart")


def kept() -> Iterator[tuple[str, str, bytes]]:
    """What is kept although it is meant badly, with the type it is told to be: it is never decoded and never shown."""
    header = b"IHDR" + pack(">II5B", 100_000, 100_000, 8, 6, 0, 0, 0)
    pixels = b"\x89PNG\r\n\x1a\n" + pack(">I", 13) + header + pack(">I", zlib.crc32(header))
    yield "pixel flood", "image/png", pixels
    data = b"IDAT" + zlib.compress(bytes(16 * 2**20))
    yield "bomb in a png", "image/png", pixels + pack(">I", len(data) - 4) + data + pack(">I", zlib.crc32(data))
    yield "script in a pdf", "application/pdf", PDF + b"<< /S /JavaScript /JS (app.alert(1)) >>"
    yield "launch in a pdf", "application/pdf", PDF + b"<< /S /Launch /F (cmd.exe) >>"
    yield "page far behind in a jpeg", "image/jpeg", CARRIERS["jpeg"] + bytes(5000) + PAGES["html"]
    yield "formula", "text/plain", b"=cmd|' /C calc'!A1,2\n"
    yield "saved page", "text/plain", b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n"
    yield "utf-7", "text/plain", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"
    yield "batch", "text/plain", b"@echo off\r\nformat c:\r\n"
    yield "javascript", "text/plain", b"alert(document.cookie)"
    yield "image that begins like a picture", "application/dicom", b"II*\x00".ljust(128, b"\x00") + b"DICM"
    yield "sound of noise", "audio/mpeg", b"\xff\xfb" + bytes(range(256)) * 9
