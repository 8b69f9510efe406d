"""The way in from version 1, which kept its data in MongoDB: each of its documents is taken over whole, set aside with
a reason, or left behind on purpose, and the three add up to what there was.

*source*: a live server or a dump. *document*: one of version 1, as bytes of BSON. *leaf*: a value in a document that
holds no others. *location*: where a leaf went. *rest*: the leaves that have no place here; kept sealed beside what the
document became. *quarantine*: documents and values that cannot be taken over, sealed, with a reason.
"""
