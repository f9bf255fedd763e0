/** Where schemas stand inside a schema, so that a property called `title` is not taken for the annotation. */
export const SCHEMA_MAPS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
])
export const SCHEMA_LISTS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
export const SCHEMAS: ReadonlySet<string> = new Set([
  'items',
  'additionalProperties',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
])

export const DEFINITIONS: ReadonlySet<string> = new Set(['$defs', 'definitions'])

/** Keywords that say nothing about which values are valid. */
export const ANNOTATIONS: ReadonlySet<string> = new Set(['title', 'description', 'examples', 'default', '$comment'])

/** Keywords that mean the same in every draft from 6 to 2020-12. */
export const SHARED: ReadonlySet<string> = new Set([
  ...ANNOTATIONS,
  ...'$schema type properties patternProperties $defs definitions anyOf oneOf allOf items additionalProperties not'.split(
    ' ',
  ),
  ...'propertyNames required enum const format pattern minLength maxLength minimum maximum exclusiveMinimum'.split(' '),
  ...'exclusiveMaximum multipleOf minItems maxItems uniqueItems minProperties maxProperties $ref'.split(' '),
])
