/**
 * `node:http`, for code that calls it. An import of types needs none of this.
 *
 * An `import` of a built-in module reads all its exports; one of them, `WebSocket`, loads Node's
 * whole `fetch`. That takes 45 ms of CPU and 13 MB, which nothing here needs.
 */

export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
