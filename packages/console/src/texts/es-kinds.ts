import type { Kind, KindTexts } from './en-kinds.ts'

export const kinds: Readonly<Record<Kind, KindTexts>> = {
  malformed_request: {
    name: 'Solicitud mal formada',
    cause: 'No se pudo leer el cuerpo del inicio de sesión.',
    remedy:
      'Envía JSON con Content-Type: application/json, o un formulario. Revisa las comillas: un shell las quita y una plantilla puede omitirlas.',
  },
  missing_parameter: {
    name: 'Falta un parámetro',
    cause: 'Al inicio de sesión le falta un parámetro, que «parameters» nombra más abajo.',
    remedy:
      'Envía client_id, client_secret, audience y grant_type. Un valor vacío cuenta como ausente.',
  },
  unsupported_grant_type: {
    name: 'grant_type desconocido',
    cause: 'Se pidió un tipo de autorización que las máquinas no pueden usar aquí.',
    remedy: 'Envía "grant_type": "client_credentials".',
  },
  no_client_authentication: {
    name: 'Sin credenciales',
    cause: 'El inicio de sesión no traía secreto ni aserción firmada.',
    remedy:
      'Envía client_id y client_secret. Una variable de entorno sin definir llega vacía: imprime su longitud al iniciar el programa.',
  },
  malformed_client_authentication: {
    name: 'Credenciales mal formadas',
    cause: 'Las credenciales llegaron en una forma ilegible, o en dos formas a la vez.',
    remedy: 'Usa una sola forma: ambos valores en el cuerpo, o una cabecera Authorization: Basic.',
  },
  malformed_secret: {
    name: 'No es un secreto',
    cause:
      'Lo que llegó como client_secret no puede ser un secreto: está cortado o tiene otros caracteres.',
    remedy:
      'Copia el secreto de nuevo, completo. Empieza con miot_dev_ o miot_prod_. Si se perdió, rótalo aquí.',
  },
  malformed_assertion: {
    name: 'Aserción mal formada',
    cause: 'La aserción firmada no es un JWT legible.',
    remedy:
      'Créela con una biblioteca de JWT: cabecera, claims y firma, con un algoritmo aceptado.',
  },
  unknown_client: {
    name: 'Aplicación desconocida',
    cause: 'Ninguna aplicación tiene el client_id enviado.',
    remedy:
      'Compara client_id con el de la página de la aplicación. Una aplicación eliminada es desconocida, igual que la de otra instalación.',
  },
  wrong_secret: {
    name: 'Secreto incorrecto',
    cause: 'La aplicación existe, y el secreto enviado no es ninguno de los suyos.',
    remedy:
      'Copia el secreto de nuevo desde donde se guardó; un shell lo corta en espacios y en $. También puede ser uno anterior, o de otra aplicación. Si se perdió, rótalo: el nuevo se muestra una vez.',
  },
  secret_under_former_key: {
    name: 'Secreto de una clave anterior',
    cause: 'El secreto se guardó con una clave de cifrado que este servidor ya no tiene.',
    remedy: 'Rota el secreto y lleva el nuevo a la máquina.',
  },
  bad_assertion: {
    name: 'Aserción no aceptada',
    cause: 'La firma de la aserción no corresponde a las claves de la aplicación.',
    remedy: 'Firma con la clave privada cuya parte pública está registrada, e indícala con su kid.',
  },
  bad_assertion_claim: {
    name: 'Claim de la aserción',
    cause: 'La aserción está bien firmada, pero un claim no es lo que debe ser.',
    remedy:
      '«claim» y «rule» indican cuál. iss y sub son el client_id, aud es este servidor, exp está a minutos y jti es nuevo cada vez. Ajusta el reloj (NTP).',
  },
  secret_expired: {
    name: 'El secreto terminó',
    cause: 'El secreto era correcto, y su plazo terminó.',
    remedy:
      'Lleva el secreto más nuevo a esta máquina, o rota y da más tiempo de transición al anterior.',
  },
  client_disabled: {
    name: 'Aplicación deshabilitada',
    cause: 'Las credenciales son correctas, y la aplicación está deshabilitada.',
    remedy: 'Actívala en su página, o detén la máquina que todavía la usa.',
  },
  address_not_allowed: {
    name: 'Dirección no permitida',
    cause: 'La solicitud vino de una dirección fuera de los rangos permitidos.',
    remedy:
      'Agrega la dirección a los rangos permitidos si la máquina está ahí. Con «Observar» en vez de «Exigir», las demás se registran y se admiten.',
  },
  audience_not_granted: {
    name: 'Audience incorrecta',
    cause: 'La aplicación no tiene permiso para la audience pedida.',
    remedy:
      'Envía la audience exactamente como la muestra la página de la aplicación; se compara letra por letra. O concede esa API.',
  },
  scope_not_granted: {
    name: 'Scope no concedido',
    cause: 'Se pidió un scope que la aplicación no tiene concedido.',
    remedy: 'Omite scope para recibir todo lo concedido, o concede antes el scope.',
  },
  too_many_failures: {
    name: 'Demasiados fallos',
    cause:
      'Los inicios de sesión desde esta dirección, o de esta aplicación, fallaron demasiadas veces.',
    remedy:
      'Corrige primero las credenciales y luego espera los segundos de Retry-After. Hasta entonces también se rechaza un secreto correcto.',
  },
  quota_exceeded: {
    name: 'Sobre la cuota',
    cause: 'La aplicación pidió más tokens de los que permite su cuota.',
    remedy:
      'Conserva cada token hasta que expire: uno sirve para todas las solicitudes. Si la necesidad es real, sube la cuota.',
  },
  over_bound: {
    name: 'Sobre un límite del servidor',
    cause: 'Se alcanzó un límite de todo el servidor, que «bound» nombra más abajo.',
    remedy:
      'Espera los segundos de Retry-After e intenta de nuevo. Si continúa, avisa al operador.',
  },
  no_token: {
    name: 'Sin token',
    cause: 'La solicitud no traía token.',
    remedy:
      'Envía Authorization: Bearer, seguido del access_token de la respuesta del inicio de sesión.',
  },
  malformed_token: {
    name: 'Token mal formado',
    cause: 'Lo que llegó como token no es un token de acceso de este servidor.',
    remedy:
      'Envía access_token completo, sin comillas ni saltos de línea. El laboratorio de tokens muestra qué le falta.',
  },
  unknown_key: {
    name: 'Clave de firma desconocida',
    cause: 'El token fue firmado con una clave que este servidor no tiene.',
    remedy:
      'Obtén un token nuevo de este servidor. No se aceptan tokens de otra instalación ni de antes de reemplazar las claves.',
  },
  bad_signature: {
    name: 'La firma no corresponde',
    cause: 'El token fue cambiado después de firmarse, o está cortado.',
    remedy:
      'Envía access_token exactamente como se recibió. Si la máquina lo hizo, algo en el camino lo cambia.',
  },
  claim_rejected: {
    name: 'Claim del token',
    cause: 'El token está bien firmado, pero un claim no se acepta; «claim» lo nombra más abajo.',
    remedy:
      'exp: el token expiró, obtén uno nuevo a tiempo. iat: los relojes difieren, ajústalos (NTP). aud: el token es para otra API, inicia sesión con la audience de esta.',
  },
  revoked_token: {
    name: 'Token revocado',
    cause: 'El token fue revocado, solo o con todos los de la aplicación.',
    remedy:
      'Obtén un token nuevo: el inicio de sesión funciona si la aplicación no está deshabilitada.',
  },
  foreign_token: {
    name: 'Token de otra aplicación',
    cause: 'La aplicación consultó, o revocó, un token que no es suyo.',
    remedy: 'Usa las credenciales de la aplicación a la que se emitió el token.',
  },
  insufficient_scope: {
    name: 'Falta un scope',
    cause: 'El token es válido, y le falta el scope que esta solicitud necesita.',
    remedy:
      'Concede el scope a la aplicación y obtén un token nuevo. Los reportes necesitan asset:track:write; la lectura, asset:track:read.',
  },
  unavailable: {
    name: 'Servidor no disponible',
    cause: 'El servidor no pudo decidir: algo de lo que depende no respondió.',
    remedy:
      'Intenta de nuevo tras una pausa. El operador encuentra la causa en el registro con el id de la solicitud.',
  },
  invalid_request: {
    name: 'Solicitud no válida',
    cause: 'Una cabecera o un parámetro falta o no es válido; mira «detail».',
    remedy:
      'Los reportes necesitan X-Request-Id, nuevo en cada reporte, y X-Request-Timestamp en segundos Unix cercanos al reloj del servidor.',
  },
  not_found: {
    name: 'No encontrado',
    cause: 'La ruta o el activo no existe para esta organización y este ambiente.',
    remedy: 'Revisa la ruta y asset_id. Los datos del otro ambiente no se ven con este token.',
  },
  method_not_allowed: {
    name: 'Método incorrecto',
    cause: 'La ruta existe, pero no con este método HTTP.',
    remedy:
      'La cabecera Allow de la respuesta nombra los métodos. Los reportes se envían con POST.',
  },
  request_id_conflict: {
    name: 'X-Request-Id repetido',
    cause: 'Antes se envió otro reporte distinto con el mismo X-Request-Id.',
    remedy:
      'Crea un X-Request-Id nuevo para cada reporte; repite el anterior solo para reenviar el mismo reporte.',
  },
  too_large: {
    name: 'Demasiado grande',
    cause: 'El cuerpo es mayor de lo que acepta esta ruta.',
    remedy: 'Envía menos reportes a la vez.',
  },
  unsupported_media_type: {
    name: 'Content-Type incorrecto',
    cause: 'El cuerpo llegó con un tipo que esta ruta no lee.',
    remedy: 'Envía Content-Type: application/json, sin Content-Encoding.',
  },
  too_many_requests: {
    name: 'Demasiadas solicitudes',
    cause: 'El servidor tenía más trabajo del que podía aceptar, o una aplicación envió demasiado.',
    remedy: 'Espera los segundos de Retry-After y envíe lo mismo. Envía los reportes en lotes.',
  },
  client_gone: {
    name: 'Conexión perdida',
    cause: 'La máquina cerró la conexión antes de que su solicitud llegara completa.',
    remedy: 'Revisa la red y el tiempo de espera de la máquina. Puede reenviar el mismo reporte.',
  },
  invalid_json: {
    name: 'No es JSON',
    cause: 'El cuerpo no es JSON legible; «detail» dice dónde.',
    remedy:
      'Deja que una biblioteca escriba el JSON. Fallas frecuentes: una coma de más, comillas simples, NaN.',
  },
  validation_error: {
    name: 'El reporte tiene una falla',
    cause: 'El reporte es JSON, y un campo falta o tiene un valor no permitido.',
    remedy:
      '«errors» en la respuesta nombra cada campo. Las horas llevan zona; la latitud va de −90 a 90, la longitud de −180 a 180.',
  },
}
