/** Words that say nothing about what a tool does. They are neither indexed nor searched, but for names (see README). */
export const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about above after again all also am an and any are as at be because been before being below between both but by can
  cannot could d did do does doing don down during each etc few for from further had has have having he her here hers him
  his how however i if im in into is it its itself ive just ll m may me might more most must my myself no nor not now of
  off on once only or other our ours out over own please re s same she should so some such t than that the their them then
  there these they this those through thus to too under until up upon us ve very via was we were what when where whether
  which while who whom whose why will with within without would you your yours yourself
  want wants wanted need needs like help let hey hi hello thanks thank able give gives given tell looking provide
  provides provided providing specific specifically detailed currently really actually kindly sure interested curious
  possible way ways thing things lot bit something anything someone`.split(/\s+/),
)
