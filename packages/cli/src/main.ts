/**
 * Entry point of `miot`. Runs the built program where it is that of the present sources, which
 * loads in half the time, and the sources otherwise.
 */

import { builtProgram } from './built-program.ts'

const built = builtProgram()
if (built === null) await import('./miot.ts')
else await import(built)
