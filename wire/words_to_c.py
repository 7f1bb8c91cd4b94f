#!/usr/bin/env python3
"""Writes a word list as a C array: words_to_c.py WORDS.TXT OUT.C"""
import sys
from pathlib import Path

words = Path(sys.argv[1]).read_text().split()
lines = ['#include "wire/bip39_words.h"', "", "const char *const bip39_words[BIP39_WORD_COUNT] = {"]
lines += ['    "%s",' % word for word in words]
Path(sys.argv[2]).write_text("\n".join([*lines, "};", ""]))
