/** Entry point of a worker, which `miot serve` starts with a link; see supervisor.ts. */

import { keepPlaintextHere } from '../network/proxy.ts'
import { keepBetterAuthToOptions } from '../people/better-auth-environment.ts'
import { runWorker } from './worker.ts'

// As in miot.ts. The umask is inherited.
process.on('SIGUSR1', () => {})
keepPlaintextHere(process.env)
keepBetterAuthToOptions(process.env)

await runWorker()
