import type { BootConfig } from "../../../infra/user-data";

/** Completes the config for a test boot with a plain container and limits of a few seconds. */
export function withShortLimits(config: Partial<BootConfig>) {
    return {
        env: {},
        maxRunSeconds: 60,
        pullSeconds: 20,
        uploadSeconds: 10,
        debugSeconds: 0,
        maxAttempts: 3,
        privileged: false,
        writableRoot: false,
        gpuCount: 0,
        ...config,
        timing: { grantSeconds: 10, logSeconds: 1, stopGraceSeconds: 2, minimumUptimeSeconds: 0, ...config.timing },
    };
}
