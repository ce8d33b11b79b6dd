// Health, size and fragmentation of ZFS pools, from /nodes/{node}/disks/zfs.

// As in the output of zpool list.
const STATES = ["ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED"];

const gauge = (name, help) => ({ name, help, kind: { tag: "gauge" } });

const METRICS = [
  gauge("pve_zfs_pool_size_bytes", "Size of the pool, from size."),
  gauge("pve_zfs_pool_allocated_bytes", "Space in use in the pool, from alloc."),
  gauge("pve_zfs_pool_free_bytes", "Space not in use in the pool, from free."),
  gauge("pve_zfs_pool_fragmentation_ratio", "Fragmentation of the pool's free space, from frag."),
  {
    name: "pve_zfs_pool_health",
    help: "Health of the pool, from health.",
    kind: { tag: "state-set", val: { label: "health", states: STATES } },
  },
];

export function describe() {
  return {
    name: "zfs-pools",
    version: "0.1.0",
    description: "Health, size and fragmentation of ZFS pools",
    // The node runs zpool list to answer: once a minute is enough.
    requests: [{ path: "/nodes/{node}/disks/zfs", maxAgeSeconds: 60, optional: false }],
    tables: [{ labelNames: ["node", "pool"], metrics: METRICS }],
  };
}

export function collect(input) {
  const rows = [];
  let odd = 0;
  for (const pool of list(input.responses[0].val)) {
    if (typeof pool?.name === "string" && pool.name !== "") {
      rows.push({ table: 0, labels: [input.place.node, pool.name], values: values(pool) });
    } else {
      odd += 1;
    }
  }
  return { rows, warnings: odd > 0 ? [`${odd} pools without a name`] : [] };
}

function list(json) {
  let pools;
  try {
    pools = JSON.parse(json);
  } catch (error) {
    throw { tag: "malformed", val: String(error) };
  }
  if (!Array.isArray(pools)) {
    throw { tag: "malformed", val: "the answer is not a list" };
  }
  return pools;
}

function values(pool) {
  // The API reports size 0 for a pool that can't be opened: the sizes are unknown.
  const known = number(pool.size) > 0;
  const size = (value) => (known ? sample(number(value)) : { tag: "absent" });
  return [
    size(pool.size),
    size(pool.alloc),
    size(pool.free),
    size(number(pool.frag) / 100),
    health(pool.health),
  ];
}

// The API may send any number as a string.
function number(value) {
  return typeof value === "string" && value.trim() !== "" ? Number(value) : typeof value === "number" ? value : NaN;
}

const sample = (number) => (Number.isFinite(number) ? { tag: "number", val: number } : { tag: "absent" });

function health(state) {
  if (typeof state !== "string") {
    return { tag: "absent" };
  }
  const position = STATES.indexOf(state);
  return { tag: "state", val: position < 0 ? undefined : position };
}
