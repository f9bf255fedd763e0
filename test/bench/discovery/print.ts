import type { SetFigures } from './set-figures.ts'
import type { Speed } from './speed.ts'

/** The figures as tables for people. */
export function print({
  sets,
  speed,
}: {
  readonly sets: readonly SetFigures[]
  readonly speed: readonly Speed[]
}): void {
  for (const { set, tools, quality, answers, nothingFits, aliases } of sets) {
    console.log(`\n${set} (${tools} tools)`)
    console.table(
      Object.fromEntries(
        Object.entries(quality)
          .flatMap(([split, { tune, heldOut }]) => [
            [`${split} held out`, heldOut] as const,
            [`${split} tune`, tune] as const,
          ])
          .filter(([, { queries }]) => queries > 0),
      ),
    )
    if (aliases)
      console.table(Object.fromEntries(Object.entries(aliases).map(([n, row]) => [`${n} aliases a tool`, row])))
    if (nothingFits) console.log(`nothing fits: ${nothingFits.flagged * 100}% of ${nothingFits.queries} flagged`)
    console.log(answers)
  }
  console.log('\nspeed')
  console.table(speed)
}
