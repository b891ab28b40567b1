/** A PKCS#11 token in software (SoftHSM), with the signer of examples/signers/pkcs11 on it. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from './environment.ts'
import { shell, type Toolchain } from './toolchain.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/signers/pkcs11/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/miot-signers/', import.meta.url))
const PYTHON = join(CACHE, 'venv/bin/python')
/** With an empty cache, and a registry far away. */
const INSTALL_TIMEOUT_MS = 600_000

/** Where Debian, Fedora and Homebrew install it. */
const MODULE = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path))

export const SOFTHSM: Toolchain = {
  name: 'THE PKCS#11 SIGNER',
  check: `command -v softhsm2-util pkcs11-tool; test -e "${MODULE}"; python3 -m ensurepip --version`,
  needs: 'softhsm2, opensc, python3 and python3-venv',
}

export async function installSigner(): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  const venv = join(CACHE, 'venv')
  await shell(
    `test -x "${PYTHON}" || python3 -m venv "${venv}"
     "${PYTHON}" -m pip install --quiet --requirement "${EXAMPLE}/requirements.txt"`,
    { timeout: INSTALL_TIMEOUT_MS },
  )
}

export interface SoftHsm {
  /** For the signer: the token, and the command. */
  readonly settings: Readonly<Record<string, string>>
  /** Its objects, as `pkcs11-tool` lists them. */
  objects(): string
}

/** @param folder for the token and its PIN. */
export function makeToken(folder: string): SoftHsm {
  const [config, pin] = [join(folder, 'softhsm2.conf'), join(folder, 'pin')]
  mkdirSync(join(folder, 'tokens'), { recursive: true })
  writeFileSync(config, `directories.tokendir = ${folder}/tokens\n`)
  writeFileSync(pin, '1234\n', { mode: 0o600 })
  const env = { ...environmentWithoutSettings(), SOFTHSM2_CONF: config }
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { env, encoding: 'utf8', timeout: 60_000, stdio: 'pipe' })
  const label = ['--label', 'modulariot', '--pin', '1234', '--so-pin', '5678']
  run('softhsm2-util', '--init-token', '--free', ...label)
  const module = ['--module', MODULE as string]
  return {
    settings: {
      SOFTHSM2_CONF: config,
      MIOT_SIGNER_COMMAND: `${PYTHON} ${EXAMPLE}pkcs11_signer.py ${module.join(' ')} --token modulariot --pin-file ${pin}`,
    },
    objects: () =>
      run(
        'pkcs11-tool',
        ...module,
        '--login',
        '--pin',
        '1234',
        '--list-objects',
        '--type',
        'privkey',
      ),
  }
}
