import { Service } from "./service";
import type { ServiceHost } from "./service-host";
import { loadServiceUnit, type UnitSource } from "./service-unit";
import { UnitError } from "./unit-file";

/** The VM that a service manager controls. */
export interface ManagerHost extends ServiceHost {
    /** Returns the unit's file and drop-ins, or an empty list if the unit does not exist. */
    readUnit(name: string): UnitSource[];
    /** Begins a shutdown. "force" powers off immediately, without stopping services. */
    powerOff(how: "orderly" | "force"): void;
}

/** The part of systemd that a VM with a few services needs. */
export class ServiceManager {
    readonly #services = new Map<string, Service>();

    readonly #host: ManagerHost;

    constructor(host: ManagerHost) {
        this.#host = host;
    }

    /**
     * Begins starting a service, unless it is already active or starting.
     * @throws UnitError if the unit does not exist or cannot be loaded.
     */
    start(name: string): Service {
        const running = this.#services.get(name);
        if (running !== undefined && running.state !== "inactive" && running.state !== "failed") {
            return running;
        }
        const sources = this.#host.readUnit(name);
        if (sources.length === 0) {
            throw new UnitError(`Unit ${name} not found.`);
        }
        const service = new Service(loadServiceUnit(name, sources), this.#host);
        this.#services.set(name, service);
        // This promise never rejects, so it need not be awaited here.
        void service.finished.then(() => this.#ended(service));
        return service;
    }

    /** The state that `systemctl is-active` prints. */
    state(name: string): string {
        return this.#services.get(name)?.state ?? "inactive";
    }

    /** Stops a service and waits until it has ended. */
    async stop(name: string): Promise<void> {
        const service = this.#services.get(name);
        service?.requestStop();
        await service?.finished;
    }

    /** Stops everything cleanly, each service within its own time limits. */
    async stopAll(): Promise<void> {
        await Promise.all([...this.#services.keys()].map((name) => this.stop(name)));
    }

    /** Cuts the power: kills every process and waits until none is left. */
    async kill(): Promise<void> {
        for (const service of this.#services.values()) {
            service.kill();
        }
        await Promise.all([...this.#services.values()].map((service) => service.finished));
    }

    #ended(service: Service): void {
        const action = service.result === "success" ? service.unit.successAction : service.unit.failureAction;
        if (action !== "none" && !service.killed) {
            this.#host.log("systemd[1]", `${service.unit.name}: Triggering ${action} action.`, true);
            this.#host.powerOff(action === "poweroff" ? "orderly" : "force");
        }
    }
}
