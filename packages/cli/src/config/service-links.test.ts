import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from './parse-config.ts'
import { serviceLinks } from './service-links.ts'

/** What a pod gets for Services named `miot` and `miot-api`. */
const LINKS = {
  MIOT_SERVICE_HOST: '10.0.0.1',
  MIOT_SERVICE_PORT: '80',
  MIOT_SERVICE_PORT_HTTP: '80',
  MIOT_PORT: 'tcp://10.0.0.1:80',
  MIOT_PORT_80_TCP: 'tcp://10.0.0.1:80',
  MIOT_PORT_80_TCP_PROTO: 'tcp',
  MIOT_PORT_80_TCP_PORT: '80',
  MIOT_PORT_80_TCP_ADDR: '10.0.0.1',
  MIOT_API_SERVICE_HOST: '10.0.0.2',
  MIOT_API_SERVICE_PORT: '81',
  MIOT_API_PORT: 'udp://[fd00::2]:81',
  MIOT_API_PORT_81_UDP_ADDR: 'fd00::2',
}

const noFiles = (path: string): string => {
  throw new Error(path)
}

describe('service links of Kubernetes', () => {
  it('are recognised, and not taken as settings', () => {
    assert.deepEqual([...serviceLinks(LINKS)], Object.keys(LINKS))
    const config = parseConfig({ ...LINKS, MIOT_LOG_LEVEL: 'warn' }, noFiles)
    assert.equal(config.port, 8080)
    assert.equal(config.logLevel, 'warn')
    assert.deepEqual(config.serviceLinks, Object.keys(LINKS))
  })

  it('leave the settings that the pod sets itself', () => {
    const env = { ...LINKS, MIOT_PORT: '9000', MIOT_API_URL: 'https://api.example' }
    const config = parseConfig(env, noFiles)
    assert.equal(config.port, 9000)
    assert.equal(config.client.apiUrl, 'https://api.example')
  })

  it('are no excuse for other names', () => {
    assert.throws(() => parseConfig({ ...LINKS, MIOT_ISUER: 'x' }, noFiles), /^.*MIOT_ISUER is not/)
    assert.throws(() => parseConfig({ MIOT_SERVICE_PORT: '80' }, noFiles), /is not a setting/)
    assert.deepEqual(parseConfig({}, noFiles).serviceLinks, [])
  })

  it('are named when one of them alone is taken for a setting', () => {
    assert.throws(
      () => parseConfig({ MIOT_PORT: 'tcp://10.0.0.1:80' }, noFiles),
      /MIOT_PORT must be a port number.*service link of Kubernetes.*enableServiceLinks/,
    )
  })
})
