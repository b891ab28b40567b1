import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAssetTrackingData } from '@modulariot/telemetry'
import { createVehicle, distanceKm, drive, RADIUS_KM, reportOf } from './vehicle.ts'

const NOW_MS = Date.UTC(2026, 0, 2)

describe('a simulated vehicle', () => {
  it('reports only what the API accepts, for hours', () => {
    for (let index = 0; index < 5; index++) {
      const vehicle = createVehicle(index)
      for (let seconds = 0; seconds < 4 * 3600; seconds += 5) {
        drive(vehicle, 5)
        const validation = parseAssetTrackingData(reportOf(vehicle, NOW_MS), { nowMs: NOW_MS })
        assert.deepEqual(validation.ok ? {} : validation.errors, {})
      }
    }
  })

  it('moves by its speed, brakes and stops, and stays in the city', () => {
    const vehicle = createVehicle(7)
    let stood = 0
    let drove = 0
    let hard = 0
    for (let second = 0; second < 6 * 3600; second++) {
      const before = { ...vehicle }
      drive(vehicle, 1)
      const km = vehicle.odometerKm - before.odometerKm
      assert.ok(km >= 0 && km <= 90 / 3600, `${km} km in a second`)
      assert.ok(distanceKm(vehicle) < RADIUS_KM + 5)
      if (vehicle.speed === 0) stood++
      else drove++
      if (vehicle.brakedHard) hard++
    }
    assert.ok(stood > 600 && drove > 3600 && hard > 0, `${stood} ${drove} ${hard}`)
    assert.ok(vehicle.odometerKm - createVehicle(7).odometerKm > 60)
  })

  it('repeats its drive, which differs from that of other vehicles', () => {
    const drivenBy = (index: number): unknown => {
      const vehicle = createVehicle(index)
      for (let second = 0; second < 300; second++) drive(vehicle, 1)
      return reportOf(vehicle, NOW_MS).gps
    }
    assert.deepEqual(drivenBy(3), drivenBy(3))
    assert.notDeepEqual(drivenBy(3), drivenBy(4))
  })
})
