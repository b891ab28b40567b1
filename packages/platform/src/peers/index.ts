/** Messages between the processes of one server. */

export * from './channel.ts'
export * from './gather.ts'
export * from './inheritance.ts'
export * from './link.ts'
export * from './linked-peers.ts'
export * from './local-peers.ts'
export * from './owner.ts'
export * from './paced.ts'
export * from './peers.ts'
export * from './shared-counts.ts'
