import { Service } from "./service";
import type { ServiceHost } from "./service-host";
import { loadServiceUnit, type UnitSource } from "./service-unit";
import { UnitError } from "./unit-file";

/** The machine a service manager runs. */
export interface ManagerHost extends ServiceHost {
    /** The unit's file and drop-ins; empty if there is none. */
    readUnit(name: string): UnitSource[];
    /** Begins a shutdown; "force" is an immediate one that stops no service. */
    powerOff(how: "orderly" | "force"): void;
}

/** systemd as far as one machine with a few services needs it. */
export class ServiceManager {
    readonly #services = new Map<string, Service>();

    readonly #host: ManagerHost;

    constructor(host: ManagerHost) {
        this.#host = host;
    }

    /**
     * Begins to start a service; one that is active or on its way stays as it is.
     * @throws UnitError if there is no such unit or it cannot be loaded.
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
        // Never rejects; nobody waits for it here.
        void service.finished.then(() => this.#ended(service));
        return service;
    }

    /** State for `systemctl is-active`. */
    state(name: string): string {
        return this.#services.get(name)?.state ?? "inactive";
    }

    /** Stops a service and waits for its end. */
    async stop(name: string): Promise<void> {
        const service = this.#services.get(name);
        service?.requestStop();
        await service?.finished;
    }

    /** Stops everything in an orderly way: each service within its own limits. */
    async stopAll(): Promise<void> {
        await Promise.all([...this.#services.keys()].map((name) => this.stop(name)));
    }

    /** Power is gone: kills every process and waits until nothing is left. */
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
