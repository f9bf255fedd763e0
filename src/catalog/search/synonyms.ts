import { toStem } from './words.ts'

/**
 * Words that people and agents use for each other: one group a line, plain English, edited by hand. A query word brings
 * in the others of its groups at less than half its weight (`WEIGHTS.synonym`). Keep groups small: a wide one finds everything.
 */
const GROUPS = `
create add new make insert compose prepare
delete remove erase drop discard trash forget retract
trash bin toss
update edit modify change alter revise patch fix
write save store overwrite
get fetch retrieve read load
show view read display
list enumerate browse ls
search find look query lookup locate grep
send post deliver dispatch
message chat dm talk conversation
chat slack
conversation thread discussion
email mail gmail mailbox inbox
issue ticket bug task defect
pull merge pr
diff change patch
repository repo project codebase
api http rest endpoint resource
file document filename
folder directory subfolder mkdir
disk file filesystem drive
tree structure nested recursive
image picture photo media
video clip movie
audio sound music song media
chart graph plot diagram
weather forecast temperature
stock share ticker equity
price cost quote
money currency exchange
finance financial stock investment market
buy purchase order shop shopping product
restaurant food dining
recipe meal cook bake diet
horoscope astrology zodiac
course curriculum lesson class tutor
rent lease apartment house
ticket concert festival
flight airline plane
hotel accommodation lodging
travel trip itinerary vacation
map location place
route direction navigation
user person member people account colleague
account login profile
team group
channel room
calendar schedule event meeting appointment
reminder alarm
translate translation language
summarize summary abstract recap gist
analyze analysis
calculate compute math sum
sum add plus total
convert transform
compress zip archive gzip
download save export
upload import attach
copy duplicate clone
move rename relocate put mv
run execute launch start trigger
stop cancel abort end
log history
website site webpage page url
scrape crawl extract
database sql table
note memo
comment reply respond answer
approve accept
close resolve
job career vacancy employment
news headline article
paper publication study research arxiv
crypto cryptocurrency bitcoin ethereum token coin
medicine drug medical clinical health
law legal court contract
lyric song
game play
emoji reaction react
tag label
environment env variable configuration setting
size length bytes
entity node
relation relationship edge link unlink
observation fact note
knowledge memory remember
toggle switch turn enable disable
subscription notification
later schedule tomorrow
latest recent newest
whole entire complete full
deadline due
holiday vacation
colleague coworker teammate staff employee
guest attendee participant invitee
doc document
state status
customer client
urgent priority
error crash failure
`

/** For each stem the other stems of its groups. */
export const SYNONYMS: ReadonlyMap<string, readonly string[]> = toSynonyms(GROUPS)

function toSynonyms(groups: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const line of groups.trim().split('\n')) {
    const stems = line.split(' ').map(toStem)
    for (const stem of stems) found.set(stem, [...(found.get(stem) ?? []), ...stems.filter((other) => other !== stem)])
  }
  return found
}
