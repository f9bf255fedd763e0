import fc from 'fast-check'
import { expect, test } from 'vitest'
import { roster } from '../../../src/kernel/roster.ts'

test('what has entered is found by its number until it leaves', () => {
  const guests = roster<string>()
  const [one, two] = [guests.enter('one'), guests.enter('two')]

  expect(guests.leave(one)).toBe(true)

  expect(guests.get(one)).toBeUndefined()
  expect(guests.get(two)).toBe('two')
  expect(guests.leave(one)).toBe(false)
  expect(guests.size).toBe(1)
})

test('it behaves like a map with numbers of its own, whoever comes and goes, and lists in the order of coming', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('enter' as const), fc.nat(40)), { maxLength: 300 }), (steps) => {
      const [guests, expected] = [roster<object>(), new Map<number, object>()]
      for (const step of steps) {
        if (step === 'enter') {
          const guest = {}
          expected.set(guests.enter(guest), guest)
        } else {
          const number = [...expected.keys()][step] ?? step + 1_000_000
          expect(guests.leave(number)).toBe(expected.delete(number))
        }
        expect(guests.size).toBe(expected.size)
      }
      expect(guests.all()).toStrictEqual([...expected.values()])
      for (const [number, guest] of expected) {
        expect(guests.get(number)).toBe(guest)
        expect(guests.find((one) => one === guest)).toBe(guest)
      }
    }),
  )
})

test('a number is given again only when its holder has left, also when they begin anew', () => {
  const guests = roster<string>({ first: 100, last: 103 })
  const stays = guests.enter('stays')

  const given = Array.from({ length: 9 }, () => {
    const number = guests.enter('passes')
    guests.leave(number)
    return number
  })

  expect(stays).toBe(100)
  expect(given).toStrictEqual([101, 102, 103, 101, 102, 103, 101, 102, 103])
  expect(guests.get(100)).toBe('stays')
})

test('who stays for long takes no place from those who pass', () => {
  const guests = roster<number>()
  const long = Array.from({ length: 20 }, (_, index) => guests.enter(index))

  for (let turn = 0; turn < 10_000; turn++) guests.leave(guests.enter(-1))

  expect(long.map((number) => guests.get(number))).toStrictEqual(long.map((_, index) => index))
  expect(guests.size).toBe(20)
})
