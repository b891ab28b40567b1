/** What is broken on purpose, and the programs that do it. A new one is a new row. */

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
    about: 'a million tokens on each store: database, memory and maps stay as they are',
    quick: true,
  },
  'lost-database': {
    about: 'PostgreSQL is killed, then hangs, under load',
    quick: true,
  },
  'behind-nginx': {
    about: 'instances leave and come back behind nginx, where there is one, under load',
    quick: true,
  },
  departures: {
    about: 'an instance leaves while clients connect anew, in plaintext and over TLS',
    quick: true,
  },
  successions: {
    about: 'one process succeeds another at a socket that somebody holds, under load',
    quick: true,
  },
  'kill-nine': {
    about: 'the server is killed while reports arrive, again and again',
    quick: true,
  },
  overload: {
    about: 'several times more arrives than can be written, on each store',
    quick: true,
  },
  'unfinished-bodies': {
    about: 'many senders stop short of the end of the largest bodies there are, and stay',
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
      'one client sends what costs most, on each store, while another tenant logs in and reports',
    quick: true,
  },
  'disk-full': {
    about: 'the disk gets full while reports arrive, and has room again',
    quick: true,
  },
}

export const fileOf = (name: string): string => new URL(`./${name}.ts`, import.meta.url).pathname
