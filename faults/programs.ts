/** The fault injection programs. A new one is a new row. */

export const PROGRAMS: Readonly<Record<string, string>> = {
  'revocation-latency': 'from a revocation to the first 401, on one and on another instance',
  rotation: 'signing keys rotate three times under load, on two instances',
  'nothing-grows': 'a million tokens on each store: database, memory and maps do not grow',
  'lost-database': 'PostgreSQL is killed, then hangs, under load',
  'behind-nginx': 'instances stop and start behind nginx, if it is installed, under load',
  departures: 'an instance stops while clients open new connections, in plaintext and over TLS',
  successions: 'one process succeeds another at a held socket, under load',
  'kill-nine': 'the server is killed repeatedly while reports arrive',
  derivation: 'the store is killed repeatedly while old rows move to chunks',
  overload: 'several times more reports arrive than can be written, on each store',
  'unfinished-bodies': 'many senders never finish the largest bodies, and keep the connection',
  'shared-address': 'a fleet behind one address logs in while a neighbour there guesses',
  'slow-clients': 'many clients are slow, silent, or read nothing, in plaintext and over TLS',
  neighbours:
    'one client sends the most expensive requests, on each store, while another tenant logs in and reports',
  'disk-full': 'the disk fills up while reports arrive, and has space again later',
}

export const fileOf = (name: string): string => new URL(`./${name}.ts`, import.meta.url).pathname
