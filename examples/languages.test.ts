/** The examples that build within seconds; `node examples/languages.ts` runs the others as well. */

import { describeLanguages } from './languages.ts'
import { LANGUAGES } from './testing/toolchains.ts'

await describeLanguages(LANGUAGES.filter(({ isSlow }) => !isSlow))
