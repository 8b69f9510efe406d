"""Keys, sealing and blind indexes.

Owns the keys of organizations and patients, how a value is sealed so that only its own place opens it, and how a
sealed name or number can still be found. It does not own the sealed values: those are columns of the apps above, which
hold a ``Safe`` for as long as a request lasts.

Words: *master key*, the one an operator keeps · *data key*, one of an organization or of a patient · *wrapped*, a key
encrypted by the key above it · *sealed*, a value encrypted by a data key and bound to its place · *place*, the
organization, table, row, column and version a value belongs to · *safe*, what opens and seals with one data key ·
*token*, a number in a blind index that stands for a word or the beginning of one.
"""
