/** Gives tests the names of vitest from a module that needs no vitest around it. */
export const resolve = (specifier, context, next) =>
  specifier === 'vitest'
    ? { url: new URL('./vitest-names.mjs', import.meta.url).href, shortCircuit: true }
    : next(specifier, context)
