/** Cambios a muchas aplicaciones a la vez. */

import type { many as english } from './en-many.ts'

const number = (count: number): string => count.toLocaleString('es-CL')

const applications = (count: number): string =>
  `${number(count)} ${count === 1 ? 'aplicación' : 'aplicaciones'}`

export const many: typeof english = {
  select: (name) => `Seleccionar ${name}`,
  selectAll: (count) => `Seleccionar las ${number(count)}`,
  selectMatching: 'Seleccionar todas las que coinciden',
  reading: (count) => `Leyendo … ${number(count)}`,
  bar: 'Aplicaciones seleccionadas',
  selected: (count) => `${number(count)} ${count === 1 ? 'seleccionada' : 'seleccionadas'}`,
  clear: 'Quitar la selección',
  actions: {
    add_tags: 'Etiquetar …',
    remove_tags: 'Quitar etiquetas …',
    rotate: 'Rotar …',
    disable: 'Deshabilitar …',
    enable: 'Habilitar …',
  },
  titles: {
    add_tags: (count) => `Etiquetar ${applications(count)}`,
    remove_tags: (count) => `Quitar etiquetas de ${applications(count)}`,
    rotate: (count) => `Rotar los secretos de ${applications(count)}`,
    disable: (count) => `¿Deshabilitar ${applications(count)}?`,
    enable: (count) => `¿Habilitar ${applications(count)}?`,
  },
  about: {
    add_tags: 'Una aplicación que ya tiene una etiqueta no cambia; sus demás etiquetas quedan.',
    remove_tags: 'Las demás etiquetas quedan.',
    rotate:
      'Cada una recibe un secreto nuevo, que funciona de inmediato. Los anteriores funcionan durante el traslape, y después terminan.',
    disable: 'No reciben más tokens, y los que tienen dejan de funcionar ahora.',
    enable: 'Pueden volver a pedir tokens. Los tokens revocados siguen revocados.',
  },
  submit: {
    add_tags: 'Agregar las etiquetas',
    remove_tags: 'Quitar las etiquetas',
    rotate: 'Rotar',
    disable: 'Deshabilitar',
    enable: 'Habilitar',
  },
  tags: 'Etiquetas',
  noTags: 'Escribe primero una etiqueta.',
  inProduction: (count) => `Esto es Producción: ${applications(count)}.`,
  usedLately: (count) =>
    count === 0
      ? 'Ninguna se usó en las últimas 24 horas.'
      : `En uso en las últimas 24 horas: ${applications(count)}.`,
  number,
  stop: 'Detener',
  stopping: 'Deteniendo …',
  progress: (done, total) => `${number(done)} de ${number(total)}`,
  changed: 'Cambiadas',
  unchanged: 'Ya estaban así',
  refused: 'Rechazadas',
  left: 'Sin alcanzar',
  refusedTitle: 'Rechazadas, y por qué',
  ended: (why) => `Terminó antes: ${why}`,
  goOn: (count) =>
    count === 1 ? 'Continuar con la otra' : `Continuar con las otras ${number(count)}`,
  secretsOnce: (count) =>
    `${count === 1 ? '1 secreto nuevo que no se muestra' : `${number(count)} secretos nuevos que no se muestran`} en otra parte: guardamos solo un digest de cada uno. Descarga el archivo ahora.`,
  answerLost:
    'Si una respuesta se perdió, sus secretos se perdieron con ella. Continúa: esas aplicaciones reciben otros.',
  download: 'Descargar los secretos (CSV)',
  saved: 'Guardé el archivo',
  saveFirst: 'Guarda primero el archivo y marca la casilla.',
  leaveTitle: '¿Guardaste los secretos?',
  leave: 'No se pueden mostrar otra vez. Lo que falta no se hará.',
  leaveRunningTitle: '¿Detener aquí?',
  leaveRunning: 'El cambio no ha llegado a todas las aplicaciones. Lo hecho queda hecho.',
  firstHundred: (count) => `Las primeras 100 de ${number(count)}; repítelo con las demás.`,
  idsFile: (count) => `los ${number(count)} client ids, uno por línea`,
}
