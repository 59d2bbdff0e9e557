// Variables of lines: runs of letters and digits that look like numbers or identifiers.
#pragma once
#include "templates.h"

typedef struct {
    token *tokens;
    size_t count;
} token_list;

// A bit for each byte that is a letter or digit, a digit, a hexadecimal digit. Each has room for count / 64 + 3 words.
typedef struct {
    uint64_t *alnum, *digit, *hex;
} token_masks;

void varde_token_masks(const uint8_t *text, size_t count, token_masks *masks);

// Adds the variables of the line at start..<end; how many, at most MAX_VARIABLES. None reaches beyond the line.
size_t varde_line_tokens(const token_masks *masks, size_t start, size_t end, token_list *list);
