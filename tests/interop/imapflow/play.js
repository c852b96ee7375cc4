// Real work by ImapFlow: folders, append, fetch, flags, search, move, delete, a message that arrives while idling.
// play.js PORT USER PASSWORD; prints what it saw as JSON.
import { ImapFlow } from 'imapflow'

const [port, user, pass] = process.argv.slice(2)
const seen = {}

function client() {
  return new ImapFlow({
    host: '127.0.0.1', port: Number(port), secure: false, doSTARTTLS: false, auth: { user, pass }, logger: false,
    qresync: true
  })
}

async function collect(messages) {
  const found = []
  for await (const message of messages) found.push(message)
  return found
}

function letter(number) {
  return Buffer.from(
    `From: "Müller, Zoë" <zoe@example.org>\r\nTo: ada@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_${number}?=\r\n` +
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n' +
    `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(`body ${number}`).toString('base64')}\r\n--b\r\n` +
    'Content-Type: application/octet-stream; name=x.bin\r\nContent-Disposition: attachment; filename=x.bin\r\n\r\nabc\r\n--b--\r\n'
  )
}

const one = client()
await one.connect()
seen.enabled = [...one.enabled].sort()
seen.created = (await one.mailboxCreate(['Größe', 'Ä & B'])).path
for (let number = 1; number <= 5; number++) {
  seen.appended = await one.append('Größe/Ä & B', letter(number), number % 2 ? ['\\Seen', '$Odd'] : [], new Date(1700000000000))
}
seen.listed = (await one.list()).map(box => [box.path, box.specialUse || '', box.subscribed])
seen.status = await one.status('Größe/Ä & B', { messages: true, unseen: true, uidNext: true, highestModseq: true })
delete seen.status.highestModseq

let lock = await one.getMailboxLock('Größe/Ä & B')
seen.exists = one.mailbox.exists
const all = await collect(one.fetch('1:*', { uid: true, flags: true, envelope: true, bodyStructure: true, internalDate: true, threadId: true, size: true }))
seen.subjects = all.map(message => message.envelope.subject)
seen.from = all[0].envelope.from
seen.date = all[0].internalDate
seen.parts = all[0].bodyStructure.childNodes.map(part => part.type)
seen.flags = all.map(message => [...message.flags].filter(flag => flag !== '\\Recent').sort())
const { content } = await one.download('2', '1')
seen.text = Buffer.concat(await collect(content)).toString()
seen.whole = (await one.fetchOne('3', { source: true })).source.equals(letter(3))
seen.found = await one.search({ subject: 'Grüße 4' }, { uid: true })
await one.messageFlagsAdd('1:2', ['\\Flagged', '$New'])
await one.messageFlagsRemove({ uid: '1' }, ['\\Seen'])
seen.flagged = await one.search({ flagged: true, unKeyword: '$Nothing' })
seen.moved = [...(await one.messageMove('3', 'Archive')).uidMap]
seen.copied = [...(await one.messageCopy('1', 'Archive')).uidMap]
await one.messageDelete('4')
seen.left = (await collect(one.fetch('1:*', { uid: true }))).map(message => message.uid)
const modseq = one.mailbox.highestModseq
lock.release()

// another session changes things while the first one idles
const two = client()
await two.connect()
lock = await one.getMailboxLock('Größe/Ä & B')
const told = new Promise(resolve => {
  const events = []
  one.on('exists', event => { events.push(['exists', event.count]); done() })
  one.on('flags', event => { events.push(['flags', event.uid || event.seq]); done() })
  one.on('expunge', event => { events.push(['expunge', event.uid || event.seq]); done() })
  function done() { if (new Set(events.map(event => event[0])).size === 3) resolve(events) }
})
const idle = one.idle()
await two.append('Größe/Ä & B', letter(6))
let other = await two.getMailboxLock('Größe/Ä & B')
await two.messageFlagsAdd({ uid: '1' }, ['\\Answered'])
await two.messageDelete({ uid: '2' }, { uid: true })
const events = await told
seen.events = events.map(event => event[0]).sort()
await one.noop()
await idle
seen.changed = (await collect(one.fetch('1:*', { uid: true, flags: true }, { changedSince: modseq }))).map(message => message.uid)
other.release()
lock.release()
await two.mailboxRename('Größe/Ä & B', 'Größe/C')
await two.mailboxDelete('Größe/C')
seen.after = (await two.list()).map(box => box.path)
await two.logout()
await one.logout()
console.log(JSON.stringify(seen, (key, value) => (typeof value === 'bigint' ? Number(value) : value)))
