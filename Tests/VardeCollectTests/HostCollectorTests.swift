import Foundation
import Testing
import VardeModel
import VardeWire

@testable import VardeCollect

/// The machine's page, from fixed files.
@Suite struct HostCollectorTests {
    private static func page(_ files: [String: String]) throws -> [String: Double] {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("varde-host-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        return try HostPageText.samples(HostCollector(root: root.path).page())
    }

    @Test func `Processors by mode, steal and iowait among them`() throws {
        let page = try Self.page([
            "proc/stat":
                "cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 100 200 300 400 500 600 700 800 900 1000\nintr 5 1 2\nctxt 6\nbtime 1700000000\nprocesses 7\nprocs_running 2\nprocs_blocked 1\n"
        ])
        #expect(page["node_cpu_seconds_total{cpu=\"0\", mode=\"steal\"}"] == 8)
        #expect(page["node_cpu_seconds_total{cpu=\"0\", mode=\"iowait\"}"] == 5)
        #expect(page["node_cpu_seconds_total{cpu=\"0\", mode=\"user\"}"] == 1)
        #expect(page["node_cpu_guest_seconds_total{cpu=\"0\", mode=\"nice\"}"] == 10)
        #expect(page["node_boot_time_seconds"] == 1_700_000_000)
        #expect(page["node_procs_blocked"] == 1)
        #expect(page["node_intr_total"] == 5)
    }

    @Test func `Idle that steps back a little is held, a processor that came back begins anew`() throws {
        var times = ProcessorTimes()
        func idle(_ ticks: Int) throws -> Double? {
            let root = FileManager.default.temporaryDirectory.appendingPathComponent("varde-host-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: root) }
            try FileManager.default.createDirectory(at: root.appendingPathComponent("proc"), withIntermediateDirectories: true)
            try "cpu0 0 0 0 \(ticks) 0 0 0 0 0 0\n".write(to: root.appendingPathComponent("proc/stat"), atomically: true, encoding: .utf8)
            var page = HostPage()
            times.add(HostFiles(root: root.path), to: &page)
            return try HostPageText.samples(page.bytes)["node_cpu_seconds_total{cpu=\"0\", mode=\"idle\"}"]
        }
        #expect(try idle(1_000) == 10)
        #expect(try idle(990) == 10)
        #expect(try idle(1_100) == 11)
        #expect(try idle(100) == 1)
    }

    @Test func `Sensors by chip, with their units`() throws {
        let page = try Self.page([
            "sys/class/hwmon/hwmon0/name": "coretemp\n", "sys/class/hwmon/hwmon0/temp1_input": "45000\n",
            "sys/class/hwmon/hwmon0/temp1_label": "Package id 0\n", "sys/class/hwmon/hwmon0/temp1_crit_alarm": "0\n",
            "sys/class/hwmon/hwmon0/fan2_input": "1200\n", "sys/class/hwmon/hwmon0/in0_min": "900\n",
            "sys/class/hwmon/hwmon0/power1_average": "95000000\n", "sys/class/hwmon/hwmon0/energy1_input": "5000000\n",
            "sys/class/hwmon/hwmon0/beep_enable": "1\n", "sys/class/hwmon/hwmon0/uevent": "", "sys/class/hwmon/hwmon1/name": "nct 6\n",
            "sys/class/hwmon/hwmon1/temp1_input": "no\n", "sys/class/hwmon/hwmon1/temp2_max": "80000\n",
        ])
        let sensor = "{chip=\"coretemp\", sensor=\"temp1\"}"
        #expect(page["node_hwmon_temp_celsius\(sensor)"] == 45)
        #expect(page["node_hwmon_temp_crit_alarm_celsius\(sensor)"] == 0)
        #expect(page["node_hwmon_sensor_label{chip=\"coretemp\", label=\"Package id 0\", sensor=\"temp1\"}"] == 1)
        #expect(page["node_hwmon_chip_names{chip=\"nct_6\", chip_name=\"nct_6\"}"] == 1)
        #expect(page["node_hwmon_fan_rpm{chip=\"coretemp\", sensor=\"fan2\"}"] == 1_200)
        #expect(page["node_hwmon_in_min_volts{chip=\"coretemp\", sensor=\"in0\"}"] == 0.9)
        #expect(page["node_hwmon_power_average_watt{chip=\"coretemp\", sensor=\"power1\"}"] == 95)
        #expect(page["node_hwmon_energy_joule_total{chip=\"coretemp\", sensor=\"energy1\"}"] == 5)
        #expect(page["node_hwmon_beep_enabled{chip=\"coretemp\", sensor=\"beep_enable0\"}"] == 1)
        #expect(page["node_hwmon_temp_max_celsius{chip=\"nct_6\", sensor=\"temp2\"}"] == 80)
        #expect(page.keys.count { $0.hasPrefix("node_hwmon_temp_celsius") } == 1)
    }

    @Test func `Arrays of disks, what they are at and how far`() throws {
        let page = try Self.page([
            "proc/mdstat":
                "Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]\nmd3 : active raid6 sda1[8] sdh1[7] sdg1[6](F) sdb1[9](S)\n      5853468288 blocks super 1.2 level 6, 64k chunk, algorithm 2 [8/7] [UUUUUU_U]\n      bitmap: 0/1 pages\n      [=>...]  recovery =  5.0% (100/2000) finish=0.2min speed=259783K/sec\n\nmd12 : active raid0 sdc2[0] sdd2[1]\n      3886394368 blocks super 1.2 512k chunks\n\nmd9 : active raid1 sdc[0] sdd[1]\n      523968 blocks super 1.2 [2/2] [UU]\n      \tresync=DELAYED\n\nmd0 : inactive sdb[0](S)\n      7 blocks super external:imsm\n\nunused devices: <none>\n"
        ])
        #expect(page["node_md_state{device=\"md3\", state=\"recovering\"}"] == 1)
        #expect(page["node_md_state{device=\"md3\", state=\"active\"}"] == 0)
        #expect(page["node_md_blocks_synced{device=\"md3\"}"] == 100)
        #expect(page["node_md_disks{device=\"md3\", state=\"active\"}"] == 7)
        #expect(page["node_md_disks{device=\"md3\", state=\"failed\"}"] == 1)
        #expect(page["node_md_disks_required{device=\"md3\"}"] == 8)
        #expect(page["node_md_disks_required{device=\"md12\"}"] == 2)
        #expect(page["node_md_state{device=\"md9\", state=\"resync\"}"] == 1)
        #expect(page["node_md_blocks_synced{device=\"md9\"}"] == 0)
        #expect(page["node_md_blocks{device=\"md0\"}"] == 7)
        #expect(page["node_md_state{device=\"md0\", state=\"inactive\"}"] == 1)
    }

    @Test func `What others write down is taken where all of it can be`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("varde-prom-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in [
            ("a.prom", "# TYPE backup_last gauge\nbackup_last{job=\"x\"} 5"), ("b.prom", "ok 1\nbroken {\n"),
            ("c.prom", "timed 1 1700000000000\n"),
            ("d.txt", "other 1\n"),
        ] { try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8) }
        var options = HostOptions()
        options.textFolders = [folder.path]
        let page = try HostPageText.samples(HostCollector(root: "/none").page(options))
        #expect(page["backup_last{job=\"x\"}"] == 5)
        #expect(page["node_textfile_scrape_error"] == 1)
        #expect(page.keys.count { $0.hasPrefix("node_textfile_mtime_seconds") } == 1)
        #expect(!page.keys.contains { ["ok", "timed", "other"].contains($0) })
        #expect(try HostPageText.samples(HostCollector(root: "/none").page())["node_textfile_scrape_error"] == 0)
    }

    @Test func `Pressure, memory, disks and devices under node_exporter's names`() throws {
        let page = try Self.page([
            "proc/pressure/cpu": "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
            "proc/pressure/io":
                "some avg10=1.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
            "proc/meminfo": "MemTotal:       1024 kB\nActive(anon):   2 kB\nHugePages_Total:       3\n",
            "proc/vmstat": "nr_free_pages 1\npgfault 5\npswpin 6\npgsteal_kswapd 7\noom_kill 0\n",
            "proc/diskstats":
                " 254 0 vda 10 1 20 3000 11 2 40 4000 5 6000 7000 1 0 8 500 2 250\n 254 1 vda1 1 1 1 1 1 1 1 1 0 1 1\n 7 0 loop0 1 1 1 1 1 1 1 1 0 1 1\n",
            "proc/net/dev":
                "Inter-|   Receive\n face |bytes\n  eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
            "sys/class/net/eth0/operstate": "up\n", "sys/class/net/eth0/speed": "1000\n", "sys/class/net/eth0/mtu": "1500\n",
            "proc/loadavg": "0.10 0.20 0.30 1/100 1000\n", "proc/sys/fs/file-nr": "100\t0\t2000\n",
            "proc/net/sockstat": "sockets: used 9\nTCP: inuse 5 orphan 0 tw 1 alloc 7 mem 2\n",
            "proc/net/snmp": "Tcp: ActiveOpens InSegs RtoMin\nTcp: 4 5 6\n", "proc/net/snmp6": "Udp6InDatagrams 8\nIp6InOctets 9\n",
        ])
        #expect(page["node_pressure_cpu_waiting_seconds_total"] == 1.5)
        #expect(page["node_pressure_io_stalled_seconds_total"] == 0.5)
        #expect(page["node_pressure_cpu_stalled_seconds_total"] == nil)
        #expect(page["node_memory_MemTotal_bytes"] == 1_048_576)
        #expect(page["node_memory_Active_anon_bytes"] == 2_048)
        #expect(page["node_memory_HugePages_Total"] == 3)
        #expect(page["node_vmstat_pgfault"] == 5)
        #expect(page["node_vmstat_pgsteal_kswapd"] == nil)
        #expect(page["node_disk_read_bytes_total{device=\"vda\"}"] == 10_240)
        #expect(page["node_disk_io_time_seconds_total{device=\"vda\"}"] == 6)
        #expect(page["node_disk_flush_requests_time_seconds_total{device=\"vda\"}"] == 0.25)
        #expect(page["node_disk_io_now{device=\"vda1\"}"] == nil)
        #expect(page["node_disk_io_now{device=\"loop0\"}"] == nil)
        #expect(page["node_network_receive_multicast_total{device=\"eth0\"}"] == 8)
        #expect(page["node_network_transmit_bytes_total{device=\"eth0\"}"] == 9)
        #expect(page["node_network_speed_bytes{device=\"eth0\"}"] == 125_000_000)
        #expect(page["node_network_up{device=\"eth0\"}"] == 1)
        #expect(page["node_load15"] == 0.3)
        #expect(page["node_filefd_maximum"] == 2_000)
        #expect(page["node_sockstat_TCP_mem_bytes"] == 8_192)
        #expect(page["node_sockstat_sockets_used"] == 9)
        #expect(page["node_netstat_Tcp_ActiveOpens"] == 4)
        #expect(page["node_netstat_Tcp_RtoMin"] == nil)
        #expect(page["node_netstat_Udp6_InDatagrams"] == 8)
        #expect(page["node_netstat_Ip6_InOctets"] == 9)
    }

    @Test func `Partitions, loop and memory devices are no disks`() {
        for name in ["vda1", "sda12", "nvme0n1p1", "loop3", "ram0", "fd0", "xvdb2"] {
            #expect(HostDisks.isLeftOut(name[...]), "\(name)")
        }
        for name in ["vda", "sda", "nvme0n1", "dm-0", "md127", "mmcblk0", "zram0"] { #expect(!HostDisks.isLeftOut(name[...]), "\(name)") }
    }

    @Test func `Time sources, the distribution, queues and interfaces under node_exporter's names`() throws {
        let net = "sys/class/net/eth0"
        let page = try Self.page([
            "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc kvm-clock \n",
            "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
            "etc/os-release": "NAME=\"Debian \\\"GNU\\\"\"\nID=debian\nVERSION_ID='12.5.1'\n# X=y\n", "sys/fs/selinux/enforce": "1",
            "etc/selinux/config": "# SELINUX= can be\nSELINUX=permissive\n",
            "proc/net/softnet_stat":
                "0000000a 00000002 00000001 0 0 0 0 0 0 0 0 0 00000003 0 0\n000000ff 00000000 00000000 0 0 0 0 0 0 0 0 0 00000001 0 0\n",
            "proc/net/udp":
                "  sl  local\n  1: 0100007F:0035 00000000:0000 07 00000010:00000020 00:0 0 0\n  2: 0:1 0:0 07 00000001:00000002 00:0\n",
            "proc/net/stat/nf_conntrack": "entries  found drop\n00000001  0000000f 00000002\n00000001  00000001 00000003\n",
            "\(net)/operstate": "up\n", "\(net)/flags": "0x1003\n", "\(net)/carrier_changes": "2\n", "\(net)/address": "02:fc\n",
            "\(net)/statistics/rx_nohandler": "7\n", "\(net)/ifalias": "to the east\n", "sys/class/net/bonding_masters": "\n",
            "proc/diskstats": " 8 0 sda 10 1 20 3000 11 2 40 4000 5 6000 7000\n",
            "run/udev/data/b8:0": "S:x\nE:ID_MODEL=Disk_1\nE:ID_WWN=0x5\n",
        ])
        #expect(page["node_time_clocksource_available_info{clocksource=\"kvm-clock\", device=\"0\"}"] == 1)
        #expect(page["node_time_clocksource_current_info{clocksource=\"tsc\", device=\"0\"}"] == 1)
        #expect(page.keys.contains { $0.hasPrefix("node_time_zone_offset_seconds{") })
        #expect(page.keys.contains { $0.hasPrefix("node_os_info{") && $0.contains("Debian \\\"GNU") })
        #expect(page.first { $0.key.hasPrefix("node_os_version{") }?.value == 12.5)
        #expect(page["node_selinux_enabled"] == 1 && page["node_selinux_config_mode"] == 0 && page["node_selinux_current_mode"] == 1)
        #expect(page["node_softnet_processed_total{cpu=\"3\"}"] == 10)
        #expect(page["node_softnet_dropped_total{cpu=\"3\"}"] == 2)
        #expect(page["node_udp_queues{ip=\"v4\", queue=\"tx\"}"] == 17)
        #expect(page["node_udp_queues{ip=\"v4\", queue=\"rx\"}"] == 34)
        #expect(page["node_nf_conntrack_stat_found"] == 16 && page["node_nf_conntrack_stat_drop"] == 5)
        #expect(page["node_network_flags{device=\"eth0\"}"] == 4_099)
        #expect(page["node_network_receive_nohandler_total{device=\"eth0\"}"] == 7)
        #expect(page.keys.contains { $0.hasPrefix("node_network_info{") && $0.contains("to the east") && $0.contains("02:fc") })
        #expect(!page.keys.contains { $0.contains("bonding_masters") })
        #expect(page.keys.contains { $0.hasPrefix("node_disk_info{") && $0.contains("Disk_1") && $0.contains("0x5") })
    }

    @Test func `What the machine is, its frequencies, its warmth and how long processes wait`() throws {
        let processor = "sys/devices/system/cpu/cpu11/cpufreq"
        let page = try Self.page([
            "sys/class/dmi/id/sys_vendor": "Maker\n", "sys/class/dmi/id/product_name": "Box 3\n",
            "\(processor)/scaling_cur_freq": "2400000\n", "\(processor)/cpuinfo_max_freq": "3600000\n",
            "sys/devices/system/cpu/cpufreq/x": "1", "sys/class/thermal/thermal_zone0/temp": "41500\n",
            "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n", "sys/class/thermal/cooling_device2/cur_state": "3\n",
            "sys/class/thermal/cooling_device2/type": "Processor\n",
            "proc/schedstat": "version 15\ntimestamp 1\ncpu1 0 0 0 0 0 0 2500000000 500000000 77\ndomain0 3 0 0 0 0 0 0 0 0 0\n",
        ])
        #expect(page["node_dmi_info{product_name=\"Box 3\", system_vendor=\"Maker\"}"] == 1)
        #expect(page["node_cpu_scaling_frequency_hertz{cpu=\"11\"}"] == 2.4e9)
        #expect(page["node_cpu_frequency_max_hertz{cpu=\"11\"}"] == 3.6e9)
        #expect(page["node_thermal_zone_temp{type=\"x86_pkg_temp\", zone=\"0\"}"] == 41.5)
        #expect(page["node_cooling_device_cur_state{name=\"2\", type=\"Processor\"}"] == 3)
        #expect(page["node_schedstat_running_seconds_total{cpu=\"1\"}"] == 2.5)
        #expect(page["node_schedstat_waiting_seconds_total{cpu=\"1\"}"] == 0.5)
        #expect(page["node_schedstat_timeslices_total{cpu=\"1\"}"] == 77)
    }

    @Test func `How the kernel keeps the clock is asked where that is wished`() throws {
        var options = HostOptions()
        options.asksClock = true
        let asked = try HostPageText.samples(HostCollector(root: "/nowhere").page(options))
        #expect(asked["node_timex_sync_status"].map { $0 == 0 || $0 == 1 } ?? true)
        #expect(asked["node_timex_frequency_adjustment_ratio"].map { abs($0 - 1) < 0.01 } ?? true)
        options.asksClock = false
        #expect(try !HostPageText.samples(HostCollector(root: "/nowhere").page(options)).keys.contains { $0.hasPrefix("node_timex") })
    }

    @Test func `Containers of cgroup v2 with usage, throttling, memory and pressure`() throws {
        let id = String(repeating: "0123456789abcdef", count: 4)
        let folder = "sys/fs/cgroup/system.slice/docker-\(id).scope"
        let page = try Self.page([
            "sys/fs/cgroup/cgroup.controllers": "cpu memory\n", "\(folder)/cpu.stat": "usage_usec 2500000\nnr_periods 4\nnr_throttled 1\n",
            "\(folder)/memory.current": "1000\n", "\(folder)/memory.stat": "anon 300\nfile 600\ninactive_file 200\n",
            "\(folder)/memory.max": "max\n", "\(folder)/io.stat": "8:0 rbytes=5 wbytes=6 rios=1\n8:16 rbytes=1 wbytes=1 rios=1\n",
            "\(folder)/cpu.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=3000000\n",
        ])
        let labels = "{id=\"/system.slice/docker-\(id).scope\", name=\"0123456789ab\"}"
        #expect(page["container_cpu_usage_seconds_total" + labels] == 2.5)
        #expect(page["container_cpu_cfs_throttled_periods_total" + labels] == 1)
        #expect(page["container_memory_working_set_bytes" + labels] == 800)
        #expect(page["container_spec_memory_limit_bytes" + labels] == 0)
        #expect(page["container_fs_reads_bytes_total" + labels] == 6)
        #expect(page["container_pressure_cpu_waiting_seconds_total" + labels] == 3)
    }

    @Test func `A machine without any of the files has a page all the same`() throws {
        let page = try Self.page([:])
        #expect(page.keys.contains("node_time_seconds"))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/stat")))
    func `This machine's page can be read, series by series`() throws {
        let page = try HostPageText.samples(HostCollector(root: "/").page())
        #expect(page.keys.contains { $0.hasPrefix("node_cpu_seconds_total") && $0.contains("steal") })
        #expect((page["node_memory_MemTotal_bytes"] ?? 0) > 0)
    }
}
