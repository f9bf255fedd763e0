/** The problem as a list of one, or nothing when what must hold holds. */
export const unless = (holds: boolean, problem: string): readonly string[] => (holds ? [] : [problem])
