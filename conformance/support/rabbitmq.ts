/**
 * A real RabbitMQ with the recipe of docs/gateways.md: its own data, ports and Erlang port mapper,
 * beside any that the machine runs.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { freePort } from '@modulariot/platform/testing/free-port'
import { environmentWithoutSettings } from './environment.ts'
import { recipeOf } from './gateways.ts'
import { untilItListens } from './until-it-listens.ts'

/** Debian's; the one on the PATH changes to another user and to the system's folder. */
const PROGRAM = '/usr/lib/rabbitmq/bin/rabbitmq-server'
const STARTED_WITHIN_MS = 120_000

export const rabbitIsInstalled = existsSync(PROGRAM)

export interface RunningRabbit {
  readonly amqpPort: number
  readonly mqttPort: number
  stop(): Promise<void>
}

/**
 * @param url base URL of the server, with TLS.
 * @param authority path of the certificate that RabbitMQ trusts.
 */
export async function startRabbit(url: string, authority: string): Promise<RunningRabbit> {
  const folder = mkdtempSync(join(tmpdir(), 'miot-rabbit-'))
  const [amqpPort, mqttPort] = [await freePort(), await freePort()]
  const env = await environmentOf(folder)
  const recipe = recipeOf('ini')
    .replaceAll('https://miot.example.com', url)
    .replaceAll('/etc/ssl/certs/ca-certificates.crt', authority)
  const listeners = [
    `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
    `mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}`,
  ]
  writeFileSync(env.RABBITMQ_CONFIG_FILE, [...listeners, recipe].join('\n'))
  writeFileSync(env.RABBITMQ_ADVANCED_CONFIG_FILE, recipeOf('erlang'))
  writeFileSync(env.RABBITMQ_ENABLED_PLUGINS_FILE, '[rabbitmq_auth_backend_oauth2,rabbitmq_mqtt].')
  const child = spawn(PROGRAM, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const printed = text(child.stdout)
  try {
    await untilItListens(child, mqttPort, STARTED_WITHIN_MS)
    await untilItListens(child, amqpPort, STARTED_WITHIN_MS)
  } catch (error) {
    await stop(child, env, folder)
    throw new Error(`RabbitMQ: ${await printed}`, { cause: error })
  }
  return { amqpPort, mqttPort, stop: () => stop(child, env, folder) }
}

async function environmentOf(folder: string) {
  return {
    ...environmentWithoutSettings(),
    // Of the cookie.
    HOME: folder,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(await freePort()),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_NODENAME: 'miot@localhost',
    RABBITMQ_MNESIA_BASE: join(folder, 'data'),
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_FEATURE_FLAGS_FILE: join(folder, 'feature_flags'),
    // The script becomes the broker, so that a signal reaches it.
    RUNNING_UNDER_SYSTEMD: 'true',
  }
}

async function stop(
  child: ChildProcess,
  env: Awaited<ReturnType<typeof environmentOf>>,
  folder: string,
): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  // Erlang leaves its port mapper running.
  await promisify(execFile)('epmd', ['-kill'], { env }).catch(() => {})
  rmSync(folder, { recursive: true, force: true })
}
