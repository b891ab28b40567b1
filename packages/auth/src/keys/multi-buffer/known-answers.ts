/**
 * What a library must get right before it signs a token: the example of RFC 7515 §A.2, seven more
 * messages that OpenSSL signs for comparison, and a wrong signature, which must not verify.
 */

import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { EightSigner } from './eight-signer.ts'
import { LANES, type MultiBuffer, RSA_BYTES } from './multi-buffer.ts'

/** Published in RFC 7515 §A.2.1: it protects nothing. */
const KEY = {
  kty: 'RSA',
  n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  e: 'AQAB',
  d: 'Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ',
  p: '4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc',
  q: 'uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc',
  dp: 'BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0',
  dq: 'h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU',
  qi: 'IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U',
}

const INPUT =
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
const SIGNATURE =
  'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw'

/** Null: all answers are right; otherwise, what is wrong, for a message. */
export function faultIn(library: MultiBuffer): string | null {
  const key = createPrivateKey({ key: KEY, format: 'jwk' })
  const answers = answersFor(key)
  let fault: string | null = null
  const signer = new EightSigner(library, {
    onFault: (found) => {
      fault = found
    },
  })
  try {
    const signatures = signer.sign(answers.map(({ input }) => ({ input, key })))
    if (signatures === null) return fault ?? 'it does not take the key of RFC 7515'
    const wrong = answers.findIndex(({ signature }, lane) => !signatures[lane]?.equals(signature))
    if (wrong !== -1) return `the signature of lane ${wrong + 1} is not that of RFC 7515 or OpenSSL`
    return acceptsWrongSignature(library) ? 'it verifies a wrong signature' : null
  } finally {
    signer.close()
  }
}

function answersFor(key: KeyObject): { input: Buffer; signature: Buffer }[] {
  const published = { input: Buffer.from(INPUT), signature: Buffer.from(SIGNATURE, 'base64url') }
  const others = Array.from({ length: LANES - 1 }, (_, index) => {
    const input = Buffer.from(`${INPUT}${index}`)
    return { input, signature: sign('sha256', input, key) }
  })
  return [published, ...others]
}

/** One bit of each lane's signature is changed; its message may come out of none. */
function acceptsWrongSignature(library: MultiBuffer): boolean {
  const { signatures, messages, recovered } = library
  for (let lane = 0; lane < LANES; lane++) flipLastBit(signatures, lane)
  recovered.fill(0)
  library.recover()
  return Array.from({ length: LANES }, (_, lane) =>
    laneOf(recovered, lane).equals(laneOf(messages, lane)),
  ).some((accepted) => accepted)
}

const laneOf = (all: Buffer, lane: number): Buffer =>
  all.subarray(lane * RSA_BYTES, (lane + 1) * RSA_BYTES)

function flipLastBit(all: Buffer, lane: number): void {
  const last = (lane + 1) * RSA_BYTES - 1
  all.writeUInt8(all.readUInt8(last) ^ 1, last)
}
