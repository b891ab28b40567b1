/** La página que crea aplicaciones desde un archivo. */

import type { ImportTexts } from './en-imports.ts'

const count = (value: number) => value.toLocaleString('es-CL')
const applications = (value: number) =>
  `${count(value)} ${value === 1 ? 'aplicación' : 'aplicaciones'}`

export const imports: ImportTexts = {
  open: 'Importar …',
  title: 'Importar aplicaciones',
  about: (environment) =>
    `Desde un archivo CSV con encabezado, o un objeto JSON por línea. Se crean en ${environment}.`,
  file: 'Archivo CSV o NDJSON',
  choose: 'Elegir un archivo',
  chooseOther: 'Elegir otro archivo',
  drop: 'o suéltalo aquí. No se crea nada hasta que confirmes.',
  template: 'Descargar una plantilla',
  columns:
    'Las columnas son las opciones de miot clients create: name es obligatoria, las demás se pueden omitir.',
  audience: 'API de las filas que no nombran ninguna',
  reading: 'Leyendo el archivo …',
  checked: 'Prueba sin cambios',
  checkedAbout: 'Lo que haría el servidor con cada fila. Aún no se ha creado nada.',
  importing: 'Importación',
  importingAbout: 'Cada secreto se muestra una vez, en el archivo que descargas al final.',
  progress: (done, total) => `${count(done)} de ${count(total)} filas`,
  number: count,
  counts: {
    valid: 'Se crearían',
    created: 'Creadas',
    exists: 'Ya existen, quedan como están',
    refused: 'Rechazadas',
    unanswered: 'Sin respuesta',
  },
  stop: 'Detener',
  stopping: 'Se detiene después de las filas en curso …',
  stopped: 'Detenida. Las filas hechas quedan hechas.',
  failed: 'No terminó. Las filas hechas quedan hechas.',
  resume: 'Continuar',
  create: (valid) => `Crear ${applications(valid)}`,
  nothing: 'Ninguna fila de este archivo se crearía.',
  unfinished: 'La prueba no ha terminado.',
  twice: (rows) =>
    `${rows === 1 ? '1 fila no tiene' : `${count(rows)} filas no tienen`} external_id. Si importas este archivo otra vez, se ${rows === 1 ? 'crea' : 'crean'} de nuevo.`,
  faults: 'Filas que revisar',
  line: 'Línea',
  externalId: 'Id externo',
  reason: 'Motivo',
  lost: 'Puede haberse creado, y su secreto se perdió. Búscala en Aplicaciones y rota su secreto.',
  environment: 'Esta página determina el ambiente: quita la columna',
  tooLarge: 'El archivo es demasiado grande. Divídelo: hasta 100.000 filas y 64 MiB.',
  utf16: 'El archivo es UTF-16. Guárdalo como UTF-8.',
  unreadable: 'No se puede leer el archivo.',
  cutShort: 'La respuesta del servidor no está completa.',
  save: (credentials) =>
    `Descargar ${count(credentials)} ${credentials === 1 ? 'credencial' : 'credenciales'}`,
  once: 'Los secretos se muestran una sola vez: guardamos solo sus digests. Están en esta página hasta que salgas.',
  saved: 'El archivo está guardado.',
  done: (created) => `${applications(created)} ${created === 1 ? 'creada' : 'creadas'}.`,
  toList: 'A las aplicaciones',
  leaveTitle: '¿Guardaste las credenciales?',
  leave:
    'Los secretos no se pueden mostrar de nuevo. Una importación sin terminar se detiene después de las filas en curso, y sus secretos se pierden.',
}
