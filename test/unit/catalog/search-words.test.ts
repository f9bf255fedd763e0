import { describe, expect, it } from 'vitest'
import { porterStem } from '../../../src/catalog/search/porter.ts'
import { stemsOf, toWords } from '../../../src/catalog/search/words.ts'

/** Pairs from Porter's paper of 1980 and from the vocabulary published with his program. */
const PUBLISHED =
  `caresses caress ponies poni ties ti cats cat feed feed agreed agre plastered plaster bled bled motoring motor
  sing sing conflated conflat troubled troubl sized size hopping hop tanned tan falling fall hissing hiss fizzed fizz
  failing fail filing file happy happi sky sky relational relat conditional condit rational ration valenci valenc
  hesitanci hesit digitizer digit conformabli conform radicalli radic differentli differ vileli vile analogousli analog
  vietnamization vietnam predication predic operator oper feudalism feudal decisiveness decis hopefulness hope
  callousness callous formaliti formal sensitiviti sensit sensibiliti sensibl triplicate triplic formative form
  formalize formal electriciti electr electrical electr hopeful hope goodness good revival reviv allowance allow
  inference infer airliner airlin gyroscopic gyroscop adjustable adjust defensible defens irritant irrit
  replacement replac adjustment adjust dependent depend adoption adopt homologou homolog communism commun
  activate activ angulariti angular homologous homolog effective effect bowdlerize bowdler probate probat rate rate
  cease ceas controlling control roll roll generalizations gener oscillators oscil abbey abbei abatements abat
  abilities abil abjectly abjectli abominations abomin abortive abort`.split(/\s+/)

describe('stems', () => {
  it.each(PUBLISHED.flatMap((word, at) => (at % 2 === 0 ? [[word, PUBLISHED[at + 1]]] : [])))(
    'of %s is %s',
    (word, stem) => {
      expect(porterStem(word ?? '')).toBe(stem)
    },
  )

  it('leaves short words, numbers and other scripts alone', () => {
    expect(['is', 'by', 's3', '2026', 'größe', '天气'].map(porterStem)).toEqual([
      'is',
      'by',
      's3',
      '2026',
      'größe',
      '天气',
    ])
  })
})

describe('words', () => {
  it.each([
    ['create_issue', ['create', 'issue']],
    ['list-pull-requests', ['list', 'pull', 'requests']],
    ['getHTTPResponse', ['get', 'http', 'response', 'gethttpresponse']],
    ['s3Bucket2', ['s', '3', 'bucket', '2']],
    ['GitHub', ['git', 'hub', 'github']],
    ['the PRs by userIDs', ['the', 'prs', 'by', 'user', 'ids', 'userids']],
    ["what's the café's menu", ['whats', 'the', 'cafes', 'menu']],
    ['查询天气', ['查询', '询天', '天气']],
    ['搜', ['搜']],
    ['用GitHub搜索', ['用', 'git', 'hub', 'github', '搜索']],
    ['날씨', ['날씨']],
    ['', []],
  ])('of %s', (text, words) => {
    expect(toWords(text)).toEqual(words)
  })

  it('become stems without the words that say nothing, each once', () => {
    expect(stemsOf('Please list the files, and the listing of my file')).toEqual(['list', 'file'])
  })
})
