/** Messages between the processes of one server. */

export * from './channel.ts'
export * from './link.ts'
export * from './linked-peers.ts'
export * from './local-peers.ts'
export * from './peers.ts'
