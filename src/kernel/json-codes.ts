/** The characters that say where JSON's values begin and end, as UTF-16 codes (RFC 8259 §2, §7). */
export const QUOTE = 34
export const COMMA = 44
export const OPEN_ARRAY = 91
export const BACKSLASH = 92
export const CLOSE_ARRAY = 93
export const OPEN_OBJECT = 123
export const CLOSE_OBJECT = 125
