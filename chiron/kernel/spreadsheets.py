"""What spreadsheets do to text that they open, and how to keep them from it."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # wide ones compute as well


def inert(text: str) -> str:
    """The same text, behind an apostrophe where a spreadsheet would compute it or hide its beginning (CWE-1236)."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
