// bip39_words: the English word list of BIP-39, generated from bip39_english.txt. Sorted; no word
// is longer than 8 letters, and the first four letters tell them apart.
#ifndef WIRE_BIP39_WORDS_H
#define WIRE_BIP39_WORDS_H

enum { BIP39_WORD_COUNT = 2048, BIP39_WORD_MAX = 8 };

extern const char *const bip39_words[BIP39_WORD_COUNT];

#endif
