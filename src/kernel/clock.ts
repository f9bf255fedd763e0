/** Milliseconds since the Unix epoch. Time is an argument everywhere, so that tests need no sleep. */
export type Clock = () => number
/** A fresh, unguessable identifier. */
export type NewId = () => string
