// A town and a browser, for stories that are told in both.

import { Chromium } from './browser.mjs';
import { Town } from './town.mjs';

/** Sets the stage: `settle` makes the town. What stands is cleared away if the rest does not come to stand. */
export async function setStage(settle = () => Town.standing()) {
  const [town, chromium] = await Promise.allSettled([settle(), Chromium.start()]);
  const clear = async () => {
    await chromium.value?.stop();
    await town.value?.clearAway();
  };
  const failed = [town, chromium].find(({ status }) => status === 'rejected');
  if (failed) {
    await clear();
    throw failed.reason;
  }
  return { town: town.value, chromium: chromium.value, clear };
}
