#!/usr/bin/env python3
"""Writes src/core/text/unicode_tables.c from unicode_reference.tsv.

    make_unicode_tables.py unicode_reference.tsv > src/core/text/unicode_tables.c

The reference file lists what the reference tokenizer does with every code
point: `kind`, `first`, `last`, `value`, where a code point in no row is plain.
The output depends on nothing else, so running this twice gives the same bytes.
"""
import sys

BLOCK_BITS = 7
CODE_POINTS = 0x110000
CLASSES = {"": "INTEREST_UNICODE_PLAIN", "drop": "INTEREST_UNICODE_DROP",
           "space": "INTEREST_UNICODE_SPACE", "cjk": "INTEREST_UNICODE_HAN",
           "punctuation": "INTEREST_UNICODE_PUNCTUATION"}
FLAGS = {"white": "INTEREST_UNICODE_WHITE", "accent": "INTEREST_UNICODE_STRIP",
         "nfd": "INTEREST_UNICODE_DECOMPOSES", "lower": "INTEREST_UNICODE_LOWERS"}

# Where words end when the text was not cleaned: the property White_Space.
WHITE_SPACE = [(0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680),
               (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
               (0x3000, 0x3000)]

# Blocks of letters that Unicode gained after 9.0: a library may not know them
# yet, so their small letters are written into the table.  With them goes the
# one letter whose mapping has two characters.
NEWER_LETTERS = [(0x0130, 0x0130), (0x1C89, 0x1C89), (0x1C90, 0x1CBF), (0x2C2F, 0x2C2F),
                 (0xA7B8, 0xA7F5), (0x10570, 0x10595), (0x10D50, 0x10D65),
                 (0x16E40, 0x16E5F), (0x16EA0, 0x16EB8)]


def read_rows(path):
    """Yields (kind, range of code points, value)."""
    with open(path, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            kind, first, last, value = line.rstrip("\n").split("\t")
            yield kind, range(int(first[2:], 16), int(last[2:], 16) + 1), value


def collect(path):
    """Returns the record (class, flags, combining class) of each code point, and the small letters."""
    classes, combining, flags, lower = {0: "drop"}, {}, {}, {}
    rows = list(read_rows(path))
    rows += [("white", range(first, last + 1), "") for first, last in WHITE_SPACE]
    for kind, code_points, value in rows:
        for c in code_points:
            if kind == "class":
                classes[c] = value
            elif kind == "combining_class":
                combining[c] = int(value)
            else:
                flags.setdefault(c, set()).add(FLAGS[kind])
                if kind == "lower":
                    lower[c] = [int(part[2:], 16) for part in value.split()]
    # White space ends words before punctuation is looked for, so the reference's
    # range of punctuation that begins at U+0020 says nothing about the space.
    for first, last in WHITE_SPACE:
        for c in range(first, last + 1):
            if classes.get(c) == "punctuation":
                del classes[c]
    # The normaliser holds back marks and may count them as part of one word.
    assert not any(c in classes for c in combining)
    return [(CLASSES[classes.get(c, "")], tuple(sorted(flags.get(c, ()))), combining.get(c, 0))
            for c in range(CODE_POINTS)], lower


def number_by_frequency(items):
    """Numbers distinct items, the most frequent first: short decimals for the common ones."""
    count = {}
    for item in items:
        count[item] = count.get(item, 0) + 1
    order = sorted(count, key=lambda item: (-count[item], item))
    return order, {item: number for number, item in enumerate(order)}


def print_array(declaration, entries):
    """Prints an initialised array, filled up to 100 columns a line."""
    print(declaration)
    print("{")
    line = "\t"
    for entry in entries:
        if len(line) + len(entry) > 100:
            print(line)
            line = "\t"
        line += entry + ","
    print(line)
    print("};\n")


def main():
    records, lower = collect(sys.argv[1])
    distinct, record_number = number_by_frequency(records)
    assert distinct[0] == (CLASSES[""], (), 0)
    size = 1 << BLOCK_BITS
    blocks = [tuple(record_number[r] for r in records[at:at + size])
              for at in range(0, CODE_POINTS, size)]
    # The first block comes first, whatever its frequency: ASCII needs no first stage.
    others, _ = number_by_frequency(b for b in blocks if b != blocks[0])
    distinct_blocks = [blocks[0]] + others
    block_number = {block: number for number, block in enumerate(distinct_blocks)}
    assert len(distinct) <= 256 and len(distinct_blocks) <= 256
    newer = sorted(c for first, last in NEWER_LETTERS for c in range(first, last + 1) if c in lower)

    print("/*\n * unicode_tables.c\n"
          " *\t  What the reference tokenizer does with each code point.\n *\n"
          " * Written by test/data/make_unicode_tables.py; do not edit.\n */\n"
          '#include "core/text/unicode_tables.h"\n')
    print_array("const InterestUnicodeRecord InterestUnicodeRecords[] =",
                ["{%s, %s, %d}" % (cls, " | ".join(flags) or "0", combining)
                 for cls, flags, combining in distinct])
    print_array("const uint8_t InterestUnicodeBlockNumbers[] =",
                [str(block_number[block]) for block in blocks])
    print_array("const uint8_t InterestUnicodeBlocks[] =",
                [str(number) for block in distinct_blocks for number in block])
    print_array("const InterestUnicodeSmallLetter InterestUnicodeNewerLetters[] =",
                ["{0x%x, {%s}}" % (c, ", ".join("0x%x" % to for to in (lower[c] + [0])[:2]))
                 for c in newer])
    print("const int InterestUnicodeNewerLetterCount = %d;" % len(newer))


if __name__ == "__main__":
    main()
