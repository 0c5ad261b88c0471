"""What the commands say, in Chinese and English. FARVIEW_LANGUAGE, LC_ALL, LC_MESSAGES, LANG decide, in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # ── serve ──
    "starting": ("正在启动…", "Starting…"),
    "first_start": (
        "第一次启动：正在建立数据库并编译计算内核，需要一两分钟。",
        "First start: making the database and compiling the kernels takes a minute or two.",
    ),
    "compiling": ("正在编译计算内核：已完成 {count} 个…", "Compiling the kernels: {count} done…"),
    "open_this": ("请用浏览器打开：", "Open this in a browser:"),
    "or_on_the_network": ("局域网内：", "On the local network:"),
    "first_password": (
        "首次登录  用户名 {login}  一次性密码 {password}  （登录后须修改）",
        "First sign-in  login {login}  one-time password {password}  (to be changed)",
    ),
    "not_encrypted": (
        "警告：连接未加密（--lan）。仅限可信网络试用；正式使用请提供 --tls-cert 与 --tls-key。",
        "WARNING: not encrypted (--lan). For a trusted network only; for real use give --tls-cert and --tls-key.",
    ),
    "dicom_here": ("DICOM 接收：{title}，端口 {host}:{port}", "DICOM receives as {title} on {host}:{port}"),
    "stop_hint": ("按 Ctrl-C 停止。", "Ctrl-C stops it."),
    "child_ended": (
        "{name} 已退出（{how}），正在重启。日志：{log}",
        "{name} ended ({how}); it is started again. Its log: {log}",
    ),
    "database_ended": ("PostgreSQL 已退出，正在重启。", "PostgreSQL ended; it is started again."),
    "demo_making": ("正在生成演示检查…", "Making the demo study…"),
    "demo_ready": ("演示检查已就绪（机构 Demo）。", "The demo study is ready (institution Demo)."),
    "demo_failed": ("演示检查未能生成，详见 {log}", "The demo study could not be made; see {log}"),
    "stopping": ("正在停止…", "Stopping…"),
    "stopped": ("已停止。", "Stopped."),
    # ── who works ──
    "works_as": ("以账户 {account} 运行，不使用 root。", "Works as the account {account}, not as root."),
    "works_reading": (
        "以账户 {account} 运行；安装目录对它不开放，因此保留只读权限（CAP_DAC_READ_SEARCH）。",
        "Works as the account {account}, which keeps the one capability to read files (CAP_DAC_READ_SEARCH), "
        "because the installation lies in a folder that is closed to it.",
    ),
    "works_root": (
        "以 root 运行：没有能读取安装目录的普通账户。请安装到所有人可读的目录，或以普通用户运行。",
        "Works as root, because no unprivileged account can read the installation. "
        "Install it in a folder that everybody may read, or run it as an ordinary user.",
    ),
    # ── errors ──
    "failed": ("无法继续：{why}", "Cannot go on: {why}"),
    "setting_wrong": ("设置 {name} 不正确：{why}", "The setting {name} is wrong: {why}"),
    "tls_needs_both": (
        "--tls-cert 与 --tls-key 须同时给出。",
        "--tls-cert and --tls-key are needed together.",
    ),
    "plain_host": (
        "未加密的连接不会开放到 {host}。请使用 --lan（可信网络），或提供 --tls-cert 与 --tls-key。",
        "Without encryption {host} is not opened. Use --lan on a trusted network, or give --tls-cert and --tls-key.",
    ),
    "same_port": ("网页与 DICOM 不能共用端口 {port}。", "The page and DICOM cannot share port {port}."),
    "port_in_use": (
        "端口 {port} 已被占用。请停止占用它的程序，或设置 {setting}。",
        "Port {port} is in use. Stop the program that uses it, or choose another one with {setting}.",
    ),
    "port_refused": (
        "无法监听 {host}:{port}（{why}）。请设置 {setting}。",
        "Cannot listen on {host}:{port} ({why}). Choose another one with {setting}.",
    ),
    "dicom_port_low": (
        "DICOM 端口 {port} 只有 root 能打开，而接收进程不以 root 运行。请用 FARVIEW_DICOM_PORT 选择 1024 以上的端口，"
        "并在防火墙把 {port} 转发过去。",
        "Only root can open the DICOM port {port}, and the receiver does not run as root. Choose one from 1024 on with "
        "FARVIEW_DICOM_PORT and let the firewall redirect {port} to it.",
    ),
    "tls_unusable": ("证书或私钥无法使用：{why}", "The certificate or its key cannot be used: {why}"),
    "home_locked": ("数据目录正被使用：{why}", "The home folder is in use: {why}"),
    "home_unusable": ("数据目录无法使用：{why}", "The home folder cannot be used: {why}"),
    "database_gone": ("无法连接数据库：{why}", "The database cannot be reached: {why}"),
    "weak_admin_password": (
        "FARVIEW_ADMIN_PASSWORD 不符合密码规则（{why}）：至少 8 位，含大写、小写、数字、符号中的三类，且不含用户名。",
        "FARVIEW_ADMIN_PASSWORD breaks a password rule ({why}): at least 8 characters, three of capitals, small "
        "letters, digits and signs, and not containing the login.",
    ),
    "not_ready": (
        "各进程未能在 {seconds} 秒内就绪，详见 {logs}",
        "The processes were not ready within {seconds} s; see {logs}",
    ),
    "interrupted": (
        "已中断。已导入的数据有效，重新运行即可继续。",
        "Interrupted. What came in is kept; run it again to go on.",
    ),
    # ── import ──
    "path_missing": ("找不到 {path}", "There is no {path}"),
    "import_running": (
        "另一个导入正在使用 {home}，请等它完成。",
        "Another import works with {home}; wait until it has finished.",
    ),
    "reading": ("读取", "Reading"),
    "building": ("生成容积文件", "Building volumes"),
    "import_new": ("新增 {count}", "new {count}"),
    "import_same": ("已存在 {count}", "already there {count}"),
    "import_conflicts": ("冲突 {count}", "conflicts {count}"),
    "conflicts_line": (
        "  {count} 幅影像与已有影像标识相同而内容不同，或患者与其检查不符：已保留待人工处理，不显示",
        "  {count} images have the identifier of another one and other content, or another patient than their study: "
        "kept for a person to decide, not shown",
    ),
    "import_not_dicom": ("非 DICOM 文件 {count}", "not DICOM {count}"),
    "import_unreadable": ("无法读取 {count}", "unreadable {count}"),
    "import_volumes": ("容积文件 {count}", "volumes {count}"),
    "import_took": ("用时 {seconds} 秒", "{seconds} s"),
    "unreadable_line": ("  {reason}：{count} 个，例如 {names}", "  {reason}: {count}, e.g. {names}"),
    "more_lines": ("  另有 {count} 种原因", "  and {count} more reasons"),
    "volume_line": ("  容积文件未生成（系列 {series}）：{reason}", "  no volume of series {series}: {reason}"),
    "images_so_far": ("{count} 个文件，{megabytes} MB", "{count} files, {megabytes} MB"),
    "reason_member_too_large": ("单个文件过大", "the file is too large"),
    "reason_too_many_members": ("压缩包内文件过多", "the archive has too many files"),
    "reason_archive_bomb": ("压缩包解开后过大，已停止", "the archive unpacks to far more than it should"),
    "reason_archive_damaged": ("压缩包已损坏", "the archive is damaged"),
    "reason_encrypted": ("压缩包有密码", "the archive has a password"),
    "reason_packing_unknown": (
        "压缩方式不支持（只支持 deflate）",
        "it is packed in another way than deflate; unpack the archive and import the folder",
    ),
    "reason_unreadable": ("文件无法打开", "the file cannot be opened"),
    "reason_volume_too_large": (
        "超过渲染器可用内存（FARVIEW_VOLUME_BYTES），只能逐层浏览",
        "it is larger than the renderer's memory (FARVIEW_VOLUME_BYTES) and opens as slices only",
    ),
    "reason_disk_full": (
        "磁盘空间不足（FARVIEW_DISK_RESERVE 为数据库保留空间），未存入；清理后重新运行即可继续",
        "the disk is full but for FARVIEW_DISK_RESERVE, so it was not kept; make room and run the command again",
    ),
    "import_stopped": (
        "磁盘空间不足，导入已停止，其余文件未处理。已导入的数据有效；清理磁盘后重新运行即可继续。",
        "The disk is full: the import stopped and did not look at the rest. What came in is kept; make room and run it "
        "again to go on.",
    ),
    "reason_invalid_volume": ("容积数据无效，只能逐层浏览", "its geometry is no valid grid; it opens as slices only"),
    "image_unreadable": (
        "第 {number} 幅（共 {count} 幅）无法解码，其余图像可逐层浏览",
        "image {number} of {count} cannot be decoded; the others open as slices",
    ),
    # ── doctor ──
    "ok": ("正常", "ok"),
    "warn": ("注意", "warn"),
    "fail": ("错误", "fail"),
    "check_python": ("Python", "Python"),
    "check_processor": ("处理器", "Processor"),
    "check_memory": ("内存", "Memory"),
    "check_disk": ("磁盘", "Disk"),
    "check_home": ("数据目录", "Home"),
    "check_kernels": ("计算内核", "Kernels"),
    "check_database": ("PostgreSQL", "PostgreSQL"),
    "check_port": ("网页端口", "Page port"),
    "check_dicom_port": ("DICOM 端口", "DICOM port"),
    "check_page": ("网页文件", "Page"),
    "check_tls": ("TLS 证书", "TLS"),
    "check_account": ("运行账户", "Account"),
    "python_old": ("{version}；需要 3.11 或更新版本。", "{version}; 3.11 or newer is needed."),
    "processor_fast": ("{cores} 核，{features}", "{cores} cores, {features}"),
    "processor_slow": (
        "{cores} 核，没有 AVX2：可以使用，但渲染较慢。",
        "{cores} cores without AVX2: it works, but pictures come slowly.",
    ),
    "memory_is": ("共 {total} GB，可用 {free} GB", "{total} GB, {free} GB free"),
    "memory_small": (
        "共 {total} GB；大的容积需要 8 GB 以上。",
        "{total} GB; large volumes need 8 GB or more.",
    ),
    "disk_is": ("{folder} 可用 {free} GB", "{free} GB free in {folder}"),
    "disk_small": (
        "{folder} 仅剩 {free} GB；请清理或换用更大的磁盘（--home）。",
        "only {free} GB free in {folder}; make room or choose a larger disk with --home.",
    ),
    "home_is": ("{folder} 可写", "{folder} can be written"),
    "home_serving": ("{folder}，服务正在运行（进程号 {pid}）", "{folder}, being served (process {pid})"),
    "kernels_there": ("已编译 {count} 个", "{count} compiled"),
    "kernels_missing": (
        "尚未编译；第一次启动时编译，需要一两分钟。",
        "not compiled yet; the first start does it and takes a minute or two.",
    ),
    "database_embedded": ("内置 PostgreSQL {version}", "our own PostgreSQL {version}"),
    "database_external": ("外部 PostgreSQL，可以连接", "PostgreSQL of FARVIEW_DATABASE_URL answers"),
    "port_free": ("{port} 空闲", "{port} is free"),
    "port_served": ("{port}，由运行中的服务使用", "{port}, used by the running service"),
    "page_built": ("已构建", "built"),
    "page_missing": ("尚未构建；请运行 pip install .", "not built; run pip install ."),
    "tls_none": (
        "未设置：仅本机可用，或用 --lan；安装为应用、推送等浏览器功能不可用。",
        "none: for this machine only, or --lan; browsers then refuse installation and notifications.",
    ),
    "tls_until": ("有效至 {day}", "valid until {day}"),
    "tls_soon": ("将于 {day} 到期，请更换。", "ends on {day}; renew it."),
    "tls_ended": ("已于 {day} 过期，请更换。", "ended on {day}; renew it."),
    "account_own": ("以当前用户 {account} 运行", "works as the current user {account}"),
    # ── help ──
    "help": ("远程影像会诊平台", "Remote imaging consultation"),
    "help_serve": ("启动服务", "Start everything and show the address."),
    "help_import": ("导入文件、文件夹、zip 或 tar", "Bring in files, folders, zip or tar archives."),
    "help_doctor": ("检查这台机器", "Check this machine and say what to do."),
    "help_home": ("数据目录", "The folder where everything is kept."),
    "help_port": ("网页端口", "The page's port."),
    "help_lan": ("向局域网开放，不加密", "Open it to the local network, not encrypted."),
    "help_tls_cert": ("TLS 证书文件（PEM）", "TLS certificate (PEM)."),
    "help_tls_key": ("TLS 私钥文件（PEM）", "The certificate's key (PEM)."),
    "help_demo": ("生成一例演示检查", "Make a demo study."),
    "help_institution": ("这些影像所属的机构", "The institution that these images belong to."),
    "help_paths": ("文件、文件夹、zip 或 tar", "Files, folders, zip or tar archives."),
}


def language() -> str:
    """zh or en. A machine that says nothing, or C, gets English."""
    for name in ("FARVIEW_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def say(key: str, **values: object) -> str:
    """The sentence of this key."""
    return WORDS[key][0 if language() == "zh" else 1].format(**values)
