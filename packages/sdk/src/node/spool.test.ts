import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, it } from 'node:test'
import { Spool, type SpoolOptions } from './spool.ts'
import { SpoolLockedError } from './spool-lock.ts'

const root = mkdtempSync(join(tmpdir(), 'miot-spool-'))
after(() => rmSync(root, { recursive: true, force: true }))

let directories = 0
function newDirectory(): string {
  directories += 1
  return join(root, String(directories))
}

const ALL = { maxItems: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }

const reportOf = (index: number) => ({ request_id: `r-${index}`, body: `{"n":${index}}` })

const idsIn = async (spool: Spool) => (await spool.peek(ALL)).map(({ request_id }) => request_id)

/** Like delivery, removes only what `peek` returned. */
async function removeFirst(spool: Spool, count: number): Promise<void> {
  const last = (await spool.peek({ ...ALL, maxItems: count })).at(-1)
  await spool.removeThrough(last?.seq ?? 0)
}

const idsUpTo = (count: number, from = 0) =>
  Array.from({ length: count - from }, (_, index) => `r-${from + index}`)

async function filled(directory: string, count: number, options: Partial<SpoolOptions> = {}) {
  const spool = await Spool.open({ directory, ...options })
  await Promise.all(Array.from({ length: count }, (_, index) => spool.append(reportOf(index))))
  return spool
}

/** Runs `action` on a spool opened in the directory, and closes it. */
async function opened<Result>(directory: string, action: (spool: Spool) => Promise<Result>) {
  const spool = await Spool.open({ directory })
  try {
    return await action(spool)
  } finally {
    await spool.close()
  }
}

const logsOf = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(directory, name))

describe('a spool', () => {
  it('returns reports in order, within both limits', async () => {
    const spool = await filled(newDirectory(), 10)
    assert.deepEqual(await idsIn(spool), idsUpTo(10))
    assert.equal((await spool.peek({ maxItems: 3, maxBytes: 1e6 })).length, 3)
    assert.equal((await spool.peek({ maxItems: 9, maxBytes: 25 })).length, 2)
    assert.equal((await spool.peek({ maxItems: 9, maxBytes: 1 })).length, 1)
    assert.equal(spool.items, 10)
    await spool.close()
  })

  it('keeps a body exactly, whatever is in it', async () => {
    const directory = newDirectory()
    const body = JSON.stringify({ asset_id: 'é🚚 "\n\r\u2028', nested: [1.5, null] })
    await opened(directory, (spool) => spool.append({ request_id: 'a!~', body }))
    const [report] = await opened(directory, (spool) => spool.peek(ALL))
    assert.deepEqual([report?.request_id, report?.body], ['a!~', body])
  })

  it('refuses a report that could not be read back unchanged', async () => {
    await opened(newDirectory(), async (spool) => {
      for (const odd of [
        { request_id: 'a b', body: '{}' },
        { request_id: '', body: '{}' },
        { request_id: 'a', body: '{\n}' },
        { request_id: 'a', body: '"\ud800"' },
      ]) {
        await assert.rejects(spool.append(odd), TypeError)
      }
      assert.equal(spool.items, 0)
    })
  })

  it('continues after a restart where delivery stopped', async () => {
    const directory = newDirectory()
    const spool = await filled(directory, 100, { segmentBytes: 256 })
    await spool.peek({ maxItems: 37, maxBytes: 1e6 })
    await removeFirst(spool, 37)
    assert.equal(spool.items, 63)
    await spool.close()
    await opened(directory, async (again) => {
      assert.deepEqual(await idsIn(again), idsUpTo(100, 37))
      assert.equal(again.items, 63)
    })
  })

  it('has no bytes and no file but the last when all is delivered', async () => {
    const directory = newDirectory()
    const spool = await filled(directory, 100, { segmentBytes: 256 })
    for (let left = 100; left > 0; left = spool.items) {
      const batch = await spool.peek({ maxItems: 7, maxBytes: 1e6 })
      await spool.removeThrough(batch.at(-1)?.seq ?? 0)
    }
    assert.equal(spool.bytes, 0)
    assert.ok(logsOf(directory).length <= 1)
    await spool.append(reportOf(100))
    assert.deepEqual(await idsIn(spool), ['r-100'])
    await spool.close()
    assert.deepEqual(await opened(directory, idsIn), ['r-100'])
  })

  it('does not mistake new reports for delivered ones after all its files are gone', async () => {
    const directory = newDirectory()
    const spool = await filled(directory, 9, { segmentBytes: 64 })
    await spool.peek(ALL)
    await removeFirst(spool, 9)
    await spool.close()
    for (let run = 0; run < 2; run += 1) await opened(directory, async () => {})
    assert.deepEqual(logsOf(directory), [])
    await opened(directory, (again) => again.append(reportOf(9)))
    assert.deepEqual(await opened(directory, idsIn), ['r-9'])
  })

  it('appends and reads concurrently and loses nothing', async () => {
    const spool = await Spool.open({ directory: newDirectory(), segmentBytes: 512, fsync: 'never' })
    const delivered: string[] = []
    let pushing = true
    const push = async () => {
      for (let index = 0; index < 1000; index += 1) await spool.append(reportOf(index))
      pushing = false
    }
    const drain = async () => {
      while (pushing || spool.items > 0) {
        const batch = await spool.peek({ maxItems: 10, maxBytes: 1e6 })
        delivered.push(...batch.map(({ request_id }) => request_id))
        const last = batch.at(-1)
        if (last !== undefined) await spool.removeThrough(last.seq)
        else await new Promise(setImmediate)
      }
    }
    await Promise.all([push(), drain()])
    assert.deepEqual(delivered, idsUpTo(1000))
    await spool.close()
  })

  it('cannot be read by other users', { skip: process.platform === 'win32' }, async () => {
    const directory = newDirectory()
    const spool = await filled(directory, 2)
    await spool.peek({ maxItems: 1, maxBytes: 1 })
    await removeFirst(spool, 1)
    assert.equal(statSync(directory).mode & 0o777, 0o700)
    for (const name of readdirSync(directory)) {
      assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name)
    }
    await spool.close()
  })
})

describe('what a crash leaves behind', () => {
  it('costs at most the last line, wherever the file was cut', async () => {
    const master = newDirectory()
    await (await filled(master, 3)).close()
    const [file] = logsOf(master) as [string]
    const whole = readFileSync(file)
    const lineEnd = whole.indexOf('\n', whole.indexOf('\n') + 1) + 1
    for (let length = lineEnd; length < whole.length; length += 1) {
      truncateSync(file, length)
      await opened(master, async (spool) => {
        assert.deepEqual(await idsIn(spool), idsUpTo(2))
        assert.equal(spool.damagedLines, length === lineEnd ? 0 : 1)
      })
      writeFileSync(file, whole)
    }
  })

  it('is skipped in the middle, and the lines around it stay', async () => {
    const directory = newDirectory()
    await (await filled(directory, 3)).close()
    const [file] = logsOf(directory) as [string]
    const bytes = readFileSync(file)
    const middle = bytes.indexOf('r-1')
    bytes[middle] = 0x52
    writeFileSync(file, bytes)
    await opened(directory, async (spool) => {
      assert.deepEqual(await idsIn(spool), ['r-0', 'r-2'])
      assert.equal(spool.damagedLines, 1)
      await removeFirst(spool, 2)
      assert.equal(spool.items, 0)
    })
    assert.equal(await opened(directory, async (spool) => spool.items), 0)
  })

  it('costs one line, or the two it joins, whichever byte is damaged', async () => {
    const master = newDirectory()
    await (await filled(master, 3)).close()
    const [file] = logsOf(master) as [string]
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] as number) ^ 0x01
      writeFileSync(file, bytes)
      await opened(master, async (spool) => {
        const ids = await idsIn(spool)
        const lost = idsUpTo(3).filter((id) => !ids.includes(id))
        const newline = whole[at] === 0x0a && at < whole.length - 1
        assert.equal(lost.length, newline ? 2 : 1, `byte ${at}`)
        assert.equal(spool.items, ids.length)
      })
      // When no valid line was left the file is gone, and the next has another number.
      writeFileSync(file, whole)
    }
  })

  it('is skipped and discounted when it is damaged while the spool is open', async () => {
    for (const [bad, options] of [
      ['r-0', {}],
      ['r-1', {}],
      ['r-2', {}],
      ['r-1', { segmentBytes: 1 }],
    ] as const) {
      const directory = newDirectory()
      const spool = await Spool.open({ directory, ...options })
      for (const index of [0, 1, 2]) await spool.append(reportOf(index))
      for (const file of logsOf(directory)) {
        writeFileSync(file, readFileSync(file, 'utf8').replace(`${bad} `, `${bad}!`))
      }
      assert.deepEqual(
        await idsIn(spool),
        idsUpTo(3).filter((id) => id !== bad),
      )
      assert.deepEqual([spool.items, spool.damagedLines], [2, 1])
      await spool.append(reportOf(3))
      await removeFirst(spool, 2)
      assert.deepEqual(await idsIn(spool), ['r-3'])
      assert.equal(spool.items, 1)
      await spool.close()
      assert.deepEqual(await opened(directory, idsIn), ['r-3'])
    }
  })

  it('leaves nothing to deliver when all of it is damaged, and delivery does not loop', async () => {
    const directory = newDirectory()
    const spool = await Spool.open({ directory })
    for (const index of [0, 1]) await spool.append(reportOf(index))
    const [file] = logsOf(directory) as [string]
    writeFileSync(file, 'x'.repeat(statSync(file).size))
    assert.deepEqual(await spool.peek(ALL), [])
    assert.equal(spool.items, 0)
    await spool.append(reportOf(2))
    await spool.close()
  })

  it('does not swallow what is written next', async () => {
    const directory = newDirectory()
    await (await filled(directory, 1)).close()
    appendFileSync(logsOf(directory)[0] as string, 'torn')
    await opened(directory, (spool) => spool.append(reportOf(1)))
    assert.deepEqual(await opened(directory, idsIn), ['r-0', 'r-1'])
  })

  for (const note of ['', 'nonsense', '9999999999 0\n', '1 999999\n', '-1 -1\n']) {
    it(`hides no report, old or new, with the note ${JSON.stringify(note)}`, async () => {
      const directory = newDirectory()
      await (await filled(directory, 1)).close()
      writeFileSync(join(directory, 'position'), note)
      await opened(directory, (spool) => spool.append(reportOf(1)))
      assert.deepEqual(await opened(directory, idsIn), ['r-0', 'r-1'])
    })
  }
})

/**
 * A process that keeps reports r-<from>, r-<from + 1>, … that many at a time until it is killed or
 * fails, and prints what it kept.
 */
const PUSHER = `
  import { Spool } from ${JSON.stringify(new URL('./spool.ts', import.meta.url).href)}
  const [directory, from, atOnce] = process.argv.slice(1)
  const spool = await Spool.open({ directory, segmentBytes: 2048 })
  const push = (id) => spool.append({ request_id: id, body: '{}' }).then(() => console.log(id))
  try {
    for (let next = Number(from); ; next += Number(atOnce)) {
      await Promise.all(Array.from({ length: Number(atOnce) }, (_, n) => push('r-' + (next + n))))
    }
  } catch (error) {
    console.log('failed ' + error.code)
  }
  await push('after')
`

describe('a process', () => {
  it('that is killed with -9 loses no kept report, time after time', async () => {
    const directory = newDirectory()
    const kept: string[] = []
    for (let round = 0; round < 4; round += 1) {
      const args = ['--input-type=module', '-e', PUSHER, directory, String(round * 1_000_000), '1']
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const closed = once(child, 'close')
      let seen = 0
      for await (const line of createInterface({ input: child.stdout })) {
        kept.push(line)
        seen += 1
        if (seen === 1) await assert.rejects(Spool.open({ directory }), SpoolLockedError)
        if (seen === 50 + round * 7) child.kill('SIGKILL')
      }
      await closed
      const found = await opened(directory, idsIn)
      const reported = found.filter((id) => kept.includes(id))
      assert.deepEqual(reported, kept)
      assert.equal(new Set(found).size, found.length)
      // At most one was kept in each round without the process living to print it.
      assert.ok(found.length - kept.length <= round + 1)
    }
  })

  it('with a full disk gets an error, and keeps its earlier reports', {
    skip: process.platform === 'win32',
  }, async () => {
    const directory = newDirectory()
    // One block, less than a segment: the write beyond it fails half done, with some lines
    // complete.
    const script = `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`
    const args = ['--input-type=module', '-e', PUSHER, directory, '0', '7']
    const child = spawn('sh', ['-c', script, process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    const lines: string[] = []
    for await (const line of createInterface({ input: child.stdout })) lines.push(line)
    await closed
    assert.deepEqual(lines.slice(-2), ['failed EFBIG', 'after'])
    const reported = lines.filter((line) => !line.startsWith('failed'))
    assert.deepEqual(await opened(directory, idsIn), reported)
  })

  it('finds the spool locked while another uses it, and names that one', async () => {
    const directory = newDirectory()
    const spool = await Spool.open({ directory })
    await assert.rejects(Spool.open({ directory }), (error) => {
      assert.ok(error instanceof SpoolLockedError)
      assert.match(error.message, new RegExp(`process ${process.pid};`))
      return true
    })
    await spool.close()
    await opened(directory, async () => {})
  })

  it('takes over the lock of a dead one, even when its pid is in use again', async () => {
    const directory = newDirectory()
    await opened(directory, async () => {})
    for (const stale of ['999999999 \n', `${process.pid} another-boot 1\n`, '', 'nonsense']) {
      writeFileSync(join(directory, 'lock'), stale)
      await opened(directory, async () => {})
    }
    if (process.platform === 'linux') {
      const namespaces = ['', 'pid:[1] -', 'pid:[1] life.00000000', 'pid:[1] ../../etc/passwd']
      for (const rest of namespaces) {
        writeFileSync(join(directory, 'lock'), `${process.ppid} another-boot 1 ${rest}\n`)
        await opened(directory, async () => {})
      }
    }
    assert.deepEqual(readdirSync(directory), [])
  })

  it('in another container finds it locked as well, until the holder is gone', {
    skip: canUnshare() ? false : 'no container can be made here',
  }, async () => {
    const directory = newDirectory()
    const HOLDER = `
      import { Spool } from ${JSON.stringify(new URL('./spool.ts', import.meta.url).href)}
      const spool = await Spool.open({ directory: process.argv[1] })
      await spool.append({ request_id: 'theirs', body: '{}' })
      console.log('open')
      setInterval(() => {}, 1000)
    `
    const node = [process.execPath, '--input-type=module', '-e', HOLDER, directory]
    const child = spawn('unshare', ['-pf', '--kill-child', '--mount-proc', ...node], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    await once(child.stdout, 'data')
    await assert.rejects(Spool.open({ directory }), SpoolLockedError)
    child.kill('SIGKILL')
    await closed
    assert.deepEqual(await opened(directory, idsIn), ['theirs'])
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.endsWith('.log')),
      [],
      'nothing of its lock is left',
    )
  })
})

/** A separate process id namespace stands in for a container here. */
function canUnshare(): boolean {
  return spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status === 0
}
