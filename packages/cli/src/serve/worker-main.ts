/** Entry point of a worker, which `miot serve` starts with a link; see supervisor.ts. */

import { keepPlaintextHere } from '../network/proxy.ts'
import { runWorker } from './worker.ts'

// As in main.ts. The umask is inherited.
process.on('SIGUSR1', () => {})
keepPlaintextHere(process.env)

await runWorker()
