/** The port for the running servers of an installation, and the encryption keys they know. */

export interface Instance {
  /** Random, new at each start. */
  readonly instance_id: string
  /** For people: where it runs. */
  readonly name: string
  /** The ids of the encryption keys it knows (`digestKeyId`). */
  readonly key_ids: readonly string[]
  /** Unix seconds: unless announced again, it is gone then. */
  readonly until: number
}

export interface InstanceStore {
  /**
   * Adds the instance, or replaces it. Notifies no listener. Waits for a change of the signing keys
   * that is not committed yet.
   */
  announceInstance(instance: Instance): Promise<void>
  removeInstance(instance_id: string): Promise<void>
  /** Those that have not ended, in order of their id. */
  listInstances(nowSeconds: number): Promise<Instance[]>
}
