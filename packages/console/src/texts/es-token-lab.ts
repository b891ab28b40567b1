import type { tokenLab as en } from './en-token-lab.ts'

const span = (seconds: string | number | undefined): string => {
  const value = Math.abs(Number(seconds))
  if (value < 120) return `${value} s`
  if (value < 7200) return `${Math.round(value / 60)} min`
  if (value < 172_800) return `${Math.round(value / 3600)} h`
  return `${Math.round(value / 86_400)} días`
}

const time = (at: string | number | undefined): string =>
  new Date(Number(at) * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')

export const tokenLab: typeof en = {
  about: 'Pega un token y mira si la API lo aceptaría. Se queda en esta página: no se envía nada.',
  pasteTitle: 'Token',
  paste: 'Token de acceso',
  pasteHint: 'También una respuesta completa del login, o una cabecera Authorization.',
  clear: 'Borrar',
  audience: '¿Lo aceptaría esta API?',
  scope: 'Para una solicitud que necesita',
  anyScope: 'Cualquier scope',
  address: 'Desde la dirección',
  addressHint: 'De la máquina que envía el token. Opcional.',
  addressFault: 'No es una dirección IPv4 ni IPv6.',
  noAudiences: 'Aún no hay una API para la que se emitan tokens.',
  empty: 'Aún no hay token',
  emptyAbout: 'Pega uno, o emite un token de prueba. Aquí verás cada control de la API.',
  accepted: 'Sería aceptado',
  acceptedAbout: 'Salvo que esté revocado, lo que solo sabe el servidor.',
  refused: 'Sería rechazado',
  undecided: 'Aquí no se puede decidir',
  undecidedAbout: 'Un control queda abierto; míralo más abajo.',
  checks: 'Controles',
  header: 'Cabecera',
  claims: 'Claims',
  untrusted: 'La firma no se confirmó: lo que dice aquí puede ser de cualquiera.',
  outcomes: { passed: 'Pasó', failed: 'Falló', noted: 'Nota', open: 'Abierto' },
  clock: (seconds) =>
    seconds === 0
      ? 'Las horas se comparan con el reloj del servidor, que coincide con el tuyo.'
      : `Las horas se comparan con el reloj del servidor, que está ${span(seconds)} ${seconds > 0 ? 'adelantado' : 'atrasado'} respecto del tuyo.`,
  clockFar: 'Ajusta el reloj de esta máquina (NTP).',
  names: {
    form: 'Forma',
    algorithm: 'Algoritmo',
    typ: 'Tipo',
    key: 'Clave',
    signature: 'Firma',
    issuer: 'Emisor',
    audience: 'Audience',
    expiry: 'Expiración',
    issued: 'Emisión',
    environment: 'Entorno',
    identity: 'Aplicación',
    scope: 'Scope',
    address: 'Dirección',
    revocation: 'Revocación',
  },
  why: {
    equal: ({ value }) => `${value}`,
    different: ({ value, expected }) => `Es ${value}; debe ser ${expected}.`,
    form: () => 'Tres partes en base64url canónico, las dos primeras JSON.',
    too_long: () => 'Tiene más de 8192 caracteres.',
    segments: () => 'Un token tiene tres partes separadas por puntos. ¿Se cortó?',
    encoding: () => 'Una parte tiene caracteres ajenos a base64url, o su final fue cambiado.',
    header_json: () => 'La primera parte no es un objeto JSON, o repite un miembro.',
    header_member: () => 'La cabecera tiene un miembro que dejaría elegir la clave al remitente.',
    payload_json: () => 'La segunda parte no es un objeto JSON, o repite un miembro.',
    algorithm: ({ value, expected }) => `Es ${value}; se aceptan ${expected}.`,
    no_kid: () => 'La cabecera no nombra una clave (kid).',
    unknown_key: ({ kid }) =>
      `Este servidor no publica la clave ${kid}. El token es de otro servidor, o de antes de reemplazar sus claves.`,
    known_key: ({ kid }) => `Publicada por este servidor: ${kid}`,
    no_key: () => 'Sin la clave no puede ser correcta.',
    not_read: () => 'Un token ilegible no tiene firma.',
    no_crypto: () =>
      'Este navegador verifica firmas solo con HTTPS o en localhost. Los demás controles valen.',
    signed: ({ alg }) => `Firmado por esa clave con ${alg}; nada cambió desde entonces.`,
    changed: () => 'No corresponde: el token fue cambiado después de firmarse, o es falso.',
    no_time: ({ claim }) => `El claim ${claim} falta o no es un número.`,
    valid_for: ({ seconds, at }) => `Válido por ${span(seconds)} más, hasta ${time(at)}.`,
    expired: ({ seconds, at }) =>
      `Expiró hace ${span(seconds)}, el ${time(at)}. La máquina debe obtener uno nuevo a tiempo.`,
    in_future: ({ seconds, at }) =>
      `Emitido ${span(seconds)} en el futuro, el ${time(at)}: un reloj está mal.`,
    not_yet: ({ value }) => `No vale antes de ${value}.`,
    issued: ({ at }) => `El ${time(at)}.`,
    no_environment: ({ value }) => `Es ${value}; debe ser development o production.`,
    other_environment: ({ value }) =>
      `${value}: se acepta, y sus datos van allá, no donde está esta página.`,
    missing: ({ claims }) => `Faltan: ${claims}.`,
    no_scope: ({ value, expected }) => `Tiene ${value}; la solicitud necesita ${expected}.`,
    bad_ranges: () => 'El claim de direcciones permitidas no es una lista de textos.',
    any_address: () => 'Se puede usar desde cualquier dirección.',
    no_address: ({ ranges }) =>
      `Se puede usar desde ${ranges}. Ingresa arriba la dirección para comparar.`,
    in_ranges: ({ address, ranges }) => `${address} está en ${ranges}.`,
    observed_outside: ({ address, ranges }) =>
      `${address} no está en ${ranges}. Eso se registra, no se rechaza.`,
    outside: ({ address, ranges }) => `${address} no está en ${ranges}.`,
    revocation: () => 'Solo el servidor sabe si fue revocado.',
  },
  mint: 'Emitir un token de prueba',
  mintAbout:
    'Un login real con las credenciales de una aplicación. El secreto queda en la memoria de esta página y desaparece al salir de ella.',
  mintButton: 'Emitir',
  secret: 'client_secret',
  minted: 'El token de prueba es real: sirve hasta que expire.',
  mintRefused: 'El login fue rechazado',
}
