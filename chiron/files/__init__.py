"""Files: sealed in parts, kept in a storage, read in ranges.

Owns how a file is received, told by its content, sealed while it arrives, stored, opened again and served so that no
browser runs it; and the sweeping of what never arrived whole. It does not know what a file belongs to: an app above
refers to a `File` by a foreign key, brings the safe of whom it is about, and has the only door to it.

Words: *part*, a piece of at most 4 MiB, sealed by itself · *storage*, where parts lie: a folder, a bucket, a
container · *manifest*, what opens a file: its key, size, type and digest, sealed · *kind*, what a file is, told by its
content · *abandoned*, a file that will not arrive any more, whose parts are being removed.
"""
