/** The fault injection programs. A new one is a new row. */

export const PROGRAMS: Readonly<
  Record<string, { readonly about: string; readonly quick: boolean }>
> = {
  'revocation-latency': {
    about: 'from a revocation to the first 401, on one and on another instance',
    quick: true,
  },
  rotation: {
    about: 'signing keys rotate three times under load, on two instances',
    quick: true,
  },
  'nothing-grows': {
    about: 'a million tokens on each store: database, memory and maps do not grow',
    quick: true,
  },
  'lost-database': {
    about: 'PostgreSQL is killed, then hangs, under load',
    quick: true,
  },
  'behind-nginx': {
    about: 'instances stop and start behind nginx, if it is installed, under load',
    quick: true,
  },
  departures: {
    about: 'an instance stops while clients open new connections, in plaintext and over TLS',
    quick: true,
  },
  successions: {
    about: 'one process succeeds another at a held socket, under load',
    quick: true,
  },
  'kill-nine': {
    about: 'the server is killed repeatedly while reports arrive',
    quick: true,
  },
  overload: {
    about: 'several times more reports arrive than can be written, on each store',
    quick: true,
  },
  'unfinished-bodies': {
    about: 'many senders never finish the largest bodies, and keep the connection',
    quick: true,
  },
  'shared-address': {
    about: 'a fleet behind one address logs in while a neighbour there guesses',
    quick: true,
  },
  'slow-clients': {
    about: 'many clients are slow, silent, or read nothing, in plaintext and over TLS',
    quick: true,
  },
  neighbours: {
    about:
      'one client sends the most expensive requests, on each store, while another tenant logs in and reports',
    quick: true,
  },
  'disk-full': {
    about: 'the disk fills up while reports arrive, and has space again later',
    quick: true,
  },
}

export const fileOf = (name: string): string => new URL(`./${name}.ts`, import.meta.url).pathname
