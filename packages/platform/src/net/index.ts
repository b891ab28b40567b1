/** IP addresses and ranges of them, without HTTP. */

export { addressBlock } from './address-block.ts'
export { rangesCover } from './address-coverage.ts'
export { addressInList, parseAddressRange } from './address-list.ts'
export { isPublicAddress } from './public-address.ts'
