import type { AuditRecord } from '../kernel/audit.ts'

/** Events are stamped before they are queued, so neighbours may be swapped by less than this. */
const CLOCK_TOLERANCE_MS = 1_000
/** More notes than this are only counted. */
const MAX_RECOVERIES = 20

/** What a check of a log wants to tell besides faults. */
export interface Notes {
  see(record: AuditRecord): void
  unfinishedLine(file: string): void
  noLog(): void
  tell(note: string): void
  texts(): readonly string[]
}

export function verificationNotes(): Notes {
  const other: string[] = []
  const clock = clockNote()
  const recoveries = recoveryNotes()
  return {
    see(record) {
      clock.see(record)
      recoveries.see(record)
    },
    unfinishedLine: (file) => other.push(`${file} ends with an unfinished line: a write is under way, or was cut off.`),
    noLog: () => other.push('There is no log here yet.'),
    tell: (note) => other.push(note),
    texts: () => [...other, ...clock.texts(), ...recoveries.texts()],
  }
}

type Observer = Pick<Notes, 'see' | 'texts'>

function clockNote(): Observer {
  let latest = Number.NEGATIVE_INFINITY
  let times = 0
  let first = ''
  return {
    see({ at, seq }) {
      if (at < latest - CLOCK_TOLERANCE_MS && times++ === 0) first = `at record ${seq}, by ${latest - at} ms`
      latest = at < latest - CLOCK_TOLERANCE_MS ? at : Math.max(latest, at)
    },
    texts: () =>
      times === 0 ? [] : [`The clock went back ${times === 1 ? 'once' : `${times} times, first`} ${first}.`],
  }
}

function recoveryNotes(): Observer {
  const texts: string[] = []
  let more = 0
  return {
    see({ type, seq, detail }) {
      if (type !== 'audit.recovered') return
      if (texts.length >= MAX_RECOVERIES) more++
      else texts.push(`Record ${seq} tells of a recovery: ${JSON.stringify(detail)}.`)
    },
    texts: () => (more === 0 ? texts : [...texts, `${more} more recoveries.`]),
  }
}
